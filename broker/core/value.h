/*
 * value.h: equality of the values that types.h gives: ids and text. Header only.
 *
 * The core calls nothing but mem*, so it brings its own. Must not know: anything else.
 */
#ifndef SCH_CORE_VALUE_H
#define SCH_CORE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <scharnier/types.h>

static inline bool sch_value_same_id(const struct sch_id *a, const struct sch_id *b)
{
    return memcmp(a->bytes, b->bytes, SCH_ID_SIZE) == 0;
}

static inline bool sch_value_is_id(const struct sch_id *id)
{
    static const struct sch_id none;
    return !sch_value_same_id(id, &none);
}

/* NUL-terminated text; both ends must have their NUL. */
static inline bool sch_value_same_text(const char *a, const char *b)
{
    size_t i = 0;
    while (a[i] != '\0' && a[i] == b[i]) {
        i++;
    }
    return a[i] == b[i];
}

/* The milliseconds in the first 48 bits of a UUIDv7. */
static inline int64_t sch_value_id_ms(const struct sch_id *id)
{
    int64_t ms = 0;
    for (size_t i = 0; i < 6; i++) {
        ms = ms * 256 + id->bytes[i];
    }
    return ms;
}

#endif
