/*
 * name_short.h - the short form of a function's name, for where there is little room.
 *
 * What compilers call a C++ function tells more than a label can hold. The short form keeps the path and
 * leaves the rest out: return type, parameters, template arguments, qualifiers, clauses such as
 * "[with T = int]", anonymous and ABI namespaces.
 *
 *     std::vector<T>& geo::Map<K, V>::get(const K&) const [with K = int; V = char]    geo::Map::get
 *     main(int, char**)::<lambda(const int&)>                                         main::<lambda>
 *     bool (anonymous namespace)::Less::operator()(int, int) const                    Less::operator()
 *
 * It reads __PRETTY_FUNCTION__ of gcc and clang, and what demanglers write. Everything else stays as it
 * is: C, Rust, Go, Java, JavaScript, sections that a person named, names that were cut off or are broken.
 */
#ifndef THAG_NAME_SHORT_H
#define THAG_NAME_SHORT_H

#include <stddef.h>

/**
 * The parts of a name that tell it from others of the same short form, within the full one: all that
 * follows the return type, and a clause in brackets at the end. Both within the name that was given.
 */
typedef struct name_parts {
    size_t path;   /* where the path begins: behind the return type */
    size_t clause; /* where the clause begins; the name's length if there is none */
} name_parts;

/**
 * Write the short form of name[0..len) to out, which has room for len bytes; it is never longer. Returns
 * its length: len, with the same bytes, where nothing can be left out. *parts is set in any case.
 */
size_t name_shorten(char *out, const char *name, size_t len, name_parts *parts);

#endif
