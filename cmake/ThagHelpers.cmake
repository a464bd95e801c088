# Warnings that all of our own code must be free of.
set(THAG_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef)

# Seconds after which a test hangs. Sanitizers take ten times as long.
set(THAG_UNIT_TIMEOUT 60)
if(THAG_SANITIZE)
    set(THAG_UNIT_TIMEOUT 600)
endif()

# thag_module(NAME DEPS... ) - an internal static library from the folder's files.
function(thag_module name)
    cmake_parse_arguments(M "" "" "SOURCES;DEPS" ${ARGN})
    add_library(${name} STATIC ${M_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    target_compile_options(${name} PRIVATE ${THAG_WARNINGS})
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
    target_link_libraries(${name} PUBLIC ${M_DEPS})
endfunction()

# thag_unit_test(NAME DEPS...) - tests/unit/NAME.c, one cmocka executable, linked with the modules.
function(thag_unit_test name)
    add_executable(${name} ${CMAKE_CURRENT_SOURCE_DIR}/${name}.c)
    target_compile_options(${name} PRIVATE ${THAG_WARNINGS})
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
    target_link_libraries(${name} PRIVATE ${ARGN} cmocka)
    add_test(NAME unit.${name} COMMAND ${name})
    set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT ${THAG_UNIT_TIMEOUT})
endfunction()
