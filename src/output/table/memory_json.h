/*
 * memory_json.h - what all JSON about memory begins with.
 */
#ifndef THAG_MEMORY_JSON_H
#define THAG_MEMORY_JSON_H

#include "output/json_writer.h"
#include "profile/load/run_facts.h"

/** Program, mode and losses, into the object that is open. meta may be NULL. */
void memory_json_head(json *j, const profile *p, const run_facts *meta);

#endif
