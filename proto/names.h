/*
 * names.h: codes as text and back, for JSON, logs, tables and people. Built from the lists in types.h.
 */
#ifndef SCH_PROTO_NAMES_H
#define SCH_PROTO_NAMES_H

#include <scharnier/types.h>

/* "REFERRAL" and "verwijsbrief" for (SCH_SET_KIND, 1); "?" for a number outside the set. Constants. */
const char *sch_code_name(enum sch_code_set set, int64_t code);
const char *sch_code_dutch(enum sch_code_set set, int64_t code);
/* The number of a name (any letter case, "-" as "_"); -1 when the set has none. */
int64_t sch_code_parse(enum sch_code_set set, const char *name);
/* Is this a number of the set, "unspecified" excluded? */
bool sch_code_valid(enum sch_code_set set, int64_t code);
/* The i-th name of a set, NULL past the end: for "did you mean". */
const char *sch_code_at(enum sch_code_set set, size_t index);

/* Facts: "letter_date", its type and its code set. sch_fact_parse: SCH_FACT_COUNT when unknown. */
const char *sch_fact_name(enum sch_fact fact);
enum sch_fact_type sch_fact_type(enum sch_fact fact);
enum sch_code_set sch_fact_set(enum sch_fact fact);
enum sch_fact sch_fact_parse(const char *name);
/* The same with its place, as rejections name it: "header.letter_date". A constant. */
const char *sch_fact_field(enum sch_fact fact);

/* Sections by bit number: "aftercare", "nazorgadvies"; parse gives the bit number or -1. */
const char *sch_section_name(unsigned bit);
const char *sch_section_dutch(unsigned bit);
int sch_section_parse(const char *name);

/* The candidate nearest to word (Levenshtein, at most 2 or a third of its length); NULL when none is near. */
const char *sch_nearest(const char *word, const char *const *candidates, size_t count);

#endif
