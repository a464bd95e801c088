/*
 * function_name.h - what a function of this process is called.
 */
#ifndef THAGI_FUNCTION_NAME_H
#define THAGI_FUNCTION_NAME_H

#include <stddef.h>
#include <stdint.h>

/**
 * The name of the function at an address: what the dynamic linker knows; else what the symbol table in
 * its file says, which has static functions too; else "PROG+0x1a2b". Always fits, always ends.
 *
 * Opens and maps the module's file: for the first time that a function is seen, not for every call.
 */
void function_name(char *name, size_t size, uintptr_t address);

#endif
