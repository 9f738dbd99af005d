/*
 * norm.h: how long each promise may take: data, resolved per provider, region and nation.
 *
 * Norms are loaded from INI files (shell/norm_file.c) into one sorted table. The narrowest row wins:
 * provider over region over national. An instance copies what it was opened under, so a reload never
 * moves an open promise. Must not know: dossiers, files.
 */
#ifndef SCH_CORE_NORM_H
#define SCH_CORE_NORM_H

#include <scharnier/types.h>

#include "calendar.h"

#define SCH_EXPECTATION_COUNT 16        /* E1..E15; 0 is none */
#define SCH_NORMS_MAX 512
#define SCH_REGIONS_MAX 64
#define SCH_SOURCE_MAX 127

/* A row of the same expectation for a particular case, DOMAIN "Expectations". */
enum sch_variant {
    SCH_VARIANT_PLAIN = 0,
    SCH_VARIANT_URGENT,                 /* E1 of an urgent or crisis message */
    SCH_VARIANT_AFTER_INTAKE,           /* E7's second clock */
    SCH_VARIANT_CLINICAL,               /* E9 after a clinical stay */
    SCH_VARIANT_COUNT
};

enum sch_scope { SCH_SCOPE_NATIONAL = 0, SCH_SCOPE_REGION, SCH_SCOPE_PROVIDER };

struct sch_norm {
    uint8_t expectation;                /* 1..15 */
    enum sch_variant variant;
    enum sch_scope scope;
    char where[SCH_ADDRESS_MAX + 1];    /* region code or provider's address; empty when national */
    bool enabled;                       /* false: this promise is not counted here */
    uint16_t term;                      /* 1..9999 */
    enum sch_unit unit;
    int32_t since_day;                  /* not before this local day */
    char id[SCH_NORM_ID_MAX + 1];       /* "nl/E2", "utrecht/E4": names the row for ever */
    uint16_t version;                   /* of the file that it came from */
    char source[SCH_SOURCE_MAX + 1];    /* shown to people */
};

struct sch_region_calendar {
    char region[SCH_REGION_MAX + 1];
    struct sch_calendar calendar;
};

/* Required sections of a kind of letter; 0: none. demanded: a document with unknown sections does not
 * close the promise either. */
struct sch_required {
    uint32_t sections;
    bool demanded;
};

struct sch_norms {
    struct sch_norm row[SCH_NORMS_MAX];
    size_t count;
    struct sch_region_calendar calendar[SCH_REGIONS_MAX];
    size_t calendar_count;
    struct sch_required required[SCH_KIND_COUNT];
};

/*
 * The norm that holds for an expectation of this debtor in this region on this day; NULL when none does
 * or the narrowest is switched off. Borrowed from norms. A provider's row holds for its sub-mailboxes too.
 * URGENT and CLINICAL fall back on the plain row where no row of the variant stands at all; AFTER_INTAKE,
 * a second clock, does not. region and provider may be NULL.
 */
const struct sch_norm *sch_norm_find(const struct sch_norms *norms, unsigned expectation,
                                     enum sch_variant variant, const char *region,
                                     const char *provider, int32_t day);

/* The region's calendar; NULL (national days) when it has none of its own. */
const struct sch_calendar *sch_norm_calendar(const struct sch_norms *norms, const char *region);

/* When the ladder's reminder comes: floor(0.8 n) of the term's units after from_ms. 0 when the term is
 * under 3 units or 24 hours, and so has none. */
int64_t sch_norm_remind_ms(const struct sch_calendar *calendar, int64_t from_ms, int term,
                           enum sch_unit unit);

#endif
