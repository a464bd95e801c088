/*
 * cmocka_all.h - what cmocka.h wants to have been included before it.
 */
#ifndef THAG_CMOCKA_ALL_H
#define THAG_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
