/*
 * flamegraph_assets.h - the style and the scripts of the pictures, embedded when building.
 */
#ifndef THAG_FLAMEGRAPH_ASSETS_H
#define THAG_FLAMEGRAPH_ASSETS_H

extern const char flamegraph_css[];
extern const char flamegraph_js[];
extern const char flamechart_js[];
extern const char heap_js[];

#endif
