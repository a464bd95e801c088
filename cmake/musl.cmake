# A toolchain: musl libc on this processor, with Debian's musl-tools.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${CMAKE_HOST_SYSTEM_PROCESSOR})
set(CMAKE_C_COMPILER musl-gcc)
# What stands elsewhere is for another libc.
set(CMAKE_FIND_ROOT_PATH /usr/lib/musl)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# As any gcc of a musl system does, but not this one.
set(CMAKE_EXE_LINKER_FLAGS_INIT -Wl,--eh-frame-hdr)
set(CMAKE_SHARED_LINKER_FLAGS_INIT -Wl,--eh-frame-hdr)
set(CMAKE_MODULE_LINKER_FLAGS_INIT -Wl,--eh-frame-hdr)
