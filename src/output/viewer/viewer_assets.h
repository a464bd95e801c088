/*
 * viewer_assets.h - the viewer (src/output/viewer/), embedded when building, and the SHA-256 of what
 * the policy of the page lets run.
 */
#ifndef THAG_VIEWER_ASSETS_H
#define THAG_VIEWER_ASSETS_H

extern const char viewer_html[];
extern const char viewer_css[];
extern const char viewer_js[];
extern const unsigned char viewer_css_sha256[32];
extern const unsigned char viewer_js_sha256[32];

#endif
