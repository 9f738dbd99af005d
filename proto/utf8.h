/*
 * utf8.h: is this text UTF-8? One answer for the wire and for configuration files.
 */
#ifndef SCH_PROTO_UTF8_H
#define SCH_PROTO_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Well-formed by Unicode's table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF. Control
 * characters are well-formed; see sch_utf8_plain(). */
bool sch_utf8_valid(const uint8_t *text, size_t size);

/* Valid, and without control characters (C0, DEL, C1), tab excepted: fit for one line. */
bool sch_utf8_plain(const uint8_t *text, size_t size);

#endif
