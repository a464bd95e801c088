# The targets that users link, and what `cmake --install` copies. The names are the same whether a
# user comes by find_package, add_subdirectory or FetchContent.
#
# Components: runtime (header, libraries, CMake package, pkg-config), and one of each tool's name (with its
# manual and completions). Nothing in an installed tree knows its prefix: it can be moved.

include(CMakePackageConfigHelpers)

option(THAG_INSTALL "Make install rules" ${PROJECT_IS_TOP_LEVEL})

set(_public_include
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

# thag_public(EXPORT_NAME [DEFINITION LIBRARY])
function(thag_public name)
    add_library(thag_public_${name} INTERFACE)
    add_library(thag::${name} ALIAS thag_public_${name})
    set_target_properties(thag_public_${name} PROPERTIES EXPORT_NAME ${name})
    target_include_directories(thag_public_${name} INTERFACE ${_public_include})
    if(ARGC GREATER 1)
        target_compile_definitions(thag_public_${name} INTERFACE ${ARGV1})
        target_link_libraries(thag_public_${name} INTERFACE ${ARGV2})
    endif()
endfunction()

thag_public(profiler)
thag_public(time THAG_TIME_PROFILING thag_profiler)
thag_public(full THAG_FULL_PROFILING thag_heap)
thag_public(full_wrap THAG_FULL_PROFILING thag_heap_wrap)
thag_public(time_shared THAG_TIME_PROFILING thag_profiler_shared)
thag_public(full_shared THAG_FULL_PROFILING thag_heap_shared)
# Every function, by the compiler: for who links it this is an option of the compiler, too.
foreach(_kind "" _shared)
    thag_public(functions${_kind})
    target_compile_options(thag_public_functions${_kind} INTERFACE -finstrument-functions)
    target_link_libraries(thag_public_functions${_kind} INTERFACE thag_functions${_kind})
endforeach()
# Beside one of them: coroutines, callbacks of event loops.
foreach(_kind async adapters)
    add_library(thag::${_kind} ALIAS thag_${_kind})
endforeach()

if(NOT THAG_INSTALL OR THAG_SANITIZE)
    return()
endif()

set(_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/thag)
set(_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES ${PROJECT_SOURCE_DIR}/include/thag_profiler.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/include/thag_profiler/async.h
              ${PROJECT_SOURCE_DIR}/include/thag_profiler/stack.h
              ${PROJECT_SOURCE_DIR}/include/thag_profiler/context.h
              ${PROJECT_SOURCE_DIR}/include/thag_profiler/coroutine.hpp
              ${PROJECT_SOURCE_DIR}/include/thag_profiler/libaco.h
              ${PROJECT_SOURCE_DIR}/include/thag_profiler/minicoro.h
              ${PROJECT_SOURCE_DIR}/include/thag_profiler/pool.h
              ${PROJECT_SOURCE_DIR}/include/thag_profiler/function.h
              ${PROJECT_SOURCE_DIR}/include/thag_profiler/task.h
              ${PROJECT_SOURCE_DIR}/include/thag_profiler/thread.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/thag_profiler COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/include/thag_profiler/cc/thag-cc.h
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/thag_profiler/cc COMPONENT runtime)
set_target_properties(thag_profiler PROPERTIES EXPORT_NAME runtime_static)
set_target_properties(thag_profiler_shared PROPERTIES EXPORT_NAME runtime_shared)
set_target_properties(thag_heap PROPERTIES EXPORT_NAME heap_static)
set_target_properties(thag_heap_wrap PROPERTIES EXPORT_NAME heap_wrap)
set_target_properties(thag_heap_shared PROPERTIES EXPORT_NAME heap_shared)
set_target_properties(thag_async PROPERTIES EXPORT_NAME async)
set_target_properties(thag_async_shared PROPERTIES EXPORT_NAME async_shared)
set_target_properties(thag_adapters PROPERTIES EXPORT_NAME adapters)
set_target_properties(thag_adapters_shared PROPERTIES EXPORT_NAME adapters_shared)
set_target_properties(thag_functions PROPERTIES EXPORT_NAME functions_static)
set_target_properties(thag_functions_shared PROPERTIES EXPORT_NAME functions_dynamic)
install(TARGETS thag_profiler thag_profiler_shared thag_heap thag_heap_wrap thag_heap_shared
                thag_async thag_async_shared thag_adapters thag_adapters_shared
                thag_functions thag_functions_shared
                thag_public_profiler thag_public_time thag_public_full thag_public_full_wrap
                thag_public_time_shared thag_public_full_shared
                thag_public_functions thag_public_functions_shared
        EXPORT thag-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT runtime
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)

# Nobody links it: it is preloaded by thag-run.
install(TARGETS thag_start LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime
        NAMELINK_COMPONENT runtime)

install(EXPORT thag-targets NAMESPACE thag:: DESTINATION ${_package_dir} COMPONENT runtime)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/thag-config.cmake.in
    ${PROJECT_BINARY_DIR}/thag-config.cmake INSTALL_DESTINATION ${_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/thag-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/thag-config.cmake
              ${PROJECT_BINARY_DIR}/thag-config-version.cmake
        DESTINATION ${_package_dir} COMPONENT runtime)

# From lib/pkgconfig (or lib/<triplet>/pkgconfig) back up to the prefix.
file(RELATIVE_PATH THAG_PC_PREFIX /prefix/${_pc_dir} /prefix)
list(TRANSFORM THAG_HEAP_WRAPPED PREPEND -Wl,--wrap= OUTPUT_VARIABLE THAG_PC_WRAP)
list(JOIN THAG_PC_WRAP " " THAG_PC_WRAP)
foreach(pc thag_profiler thag_profiler-time thag_profiler-full thag_profiler-full-wrap
           thag_profiler-functions)
    configure_file(${PROJECT_SOURCE_DIR}/cmake/${pc}.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${pc}.pc DESTINATION ${_pc_dir} COMPONENT runtime)
endforeach()

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE-MIT ${PROJECT_SOURCE_DIR}/LICENSE-APACHE
              ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
# Where README.md's links lead.
file(GLOB _docs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
install(FILES ${_docs} DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT runtime)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/tour
        DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs COMPONENT runtime)

if(TARGET thag-analyze)
    install(TARGETS thag_cc_shim LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT thag-cc)
    list(TRANSFORM THAG_CC_NAMES PREPEND ${PROJECT_BINARY_DIR}/tools/ OUTPUT_VARIABLE _links)
    install(PROGRAMS ${_links} DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT thag-cc)
    foreach(_tool thag-analyze thag-cc thag-instrument thag-remove thag-run)
        install(TARGETS ${_tool} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${_tool})
    endforeach()
endif()
