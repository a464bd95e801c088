# Run as a script: cmake "-DFROM=x.js|y.js" -DTO=z.c -DNAME=z -P EmbedText.cmake
#
# Turns text files into one C string, as numbers, for C limits the length of literals. Indentation and
# lines that begin with // are left out: the text is copied into every picture. Scripts become one
# function in strict mode. Imports, and the word export, are left out: the files may be modules to
# whoever reads and tests them one by one.
string(REPLACE "|" ";" files "${FROM}")
set(all "")
foreach(file IN LISTS files)
    file(READ "${file}" text)
    string(REGEX REPLACE "\n[ \t]+" "\n" text "\n${text}")
    string(REGEX REPLACE "\n//[^\n]*" "" text "${text}")
    string(REGEX REPLACE "\nimport [^\n]*" "" text "${text}")
    string(REGEX REPLACE "\nexport " "\n" text "${text}")
    string(REGEX REPLACE "\n\n+" "\n" text "${text}")
    string(REGEX REPLACE "^\n" "" text "${text}")
    string(APPEND all "${text}")
endforeach()
if(FROM MATCHES "\\.js$")
    set(all "(function () {\n'use strict';\n${all}}());\n")
endif()
if(all MATCHES "\\]\\]>|</script|<!--|</style")
    message(FATAL_ERROR "${FROM}: ends what it will be in")
endif()
string(SHA256 hash "${all}")
string(HEX "${all}" hex)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hash "${hash}")
file(WRITE "${TO}" "extern const char ${NAME}[];\nconst char ${NAME}[] = {\n${hex}0};\n"
    "extern const unsigned char ${NAME}_sha256[32];\n"
    "const unsigned char ${NAME}_sha256[32] = {${hash}};\n")
