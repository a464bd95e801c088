# Run as a script: cmake -DFROM=x.js -DTO=x_js.c -DNAME=x_js -P EmbedText.cmake
#
# Turns a text file into a C string, as numbers, for C limits the length of literals. Indentation and
# lines that begin with // are left out: the text is copied into every picture.
file(READ "${FROM}" text)
string(REGEX REPLACE "\n[ \t]+" "\n" text "\n${text}")
string(REGEX REPLACE "\n//[^\n]*" "" text "${text}")
string(REGEX REPLACE "\n\n+" "\n" text "${text}")
string(REGEX REPLACE "^\n" "" text "${text}")
if(text MATCHES "\\]\\]>")
    message(FATAL_ERROR "${FROM}: ends the CDATA section that it will be in")
endif()
string(HEX "${text}" hex)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE "${TO}" "extern const char ${NAME}[];\nconst char ${NAME}[] = {\n${hex}0};\n")
