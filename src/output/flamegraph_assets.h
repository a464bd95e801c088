/*
 * flamegraph_assets.h - the texts of flamegraph.css and flamegraph.js, embedded when building.
 */
#ifndef THAG_FLAMEGRAPH_ASSETS_H
#define THAG_FLAMEGRAPH_ASSETS_H

extern const char flamegraph_css[];
extern const char flamegraph_js[];

#endif
