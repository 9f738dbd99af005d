/*
 * norm_file.h: norms from an INI file into the table that the core reads. adapters/norms/nl.ini explains
 * the format; the file is data that a region edits, so every fault names its line.
 *
 *   [norms]                     id = nl, version = 1
 *   [E4]                        a national row: term, unit, source, since, enabled, id
 *   [E4 region utrecht]         narrower: a region's, a provider's
 *   [E4 provider agb:06290713]
 *   [E1.urgent]                 a variant: E1.urgent, E7.after_intake, E9.clinical
 *   [calendar utrecht]          add = 2026-10-02, drop = 2026-05-05
 *   [sections INTAKE_REPORT]    required = plan, practitioner; demanded = no
 *
 * Lists (add, drop, required) go on over further, indented lines; every other key stands on one line, and a second
 * is refused, since it would silently take the place of the first.
 *
 * Must not know: dossiers, the broker's configuration. Used by scharnierd and by scharnier(1).
 */
#ifndef SCH_SHELL_NORM_FILE_H
#define SCH_SHELL_NORM_FILE_H

#include "core/norm.h"
#include "ini.h"

/*
 * Reads path into *norms (emptied first; sorted afterwards). Returns SCH_OK, or the code of the first fault:
 * NORM_FORMAT with "file:line: what", IO. Every fault goes to report (may be NULL) with context. After a
 * failure *norms is of no use.
 */
int sch_norm_file_load(const char *path, struct sch_norms *norms, sch_ini_report_fn *report, void *context,
                       sch_error *error) __attribute__((warn_unused_result));

/* The same from bytes, under a name for messages. */
int sch_norm_file_parse(const char *name, const uint8_t *content, size_t size, struct sch_norms *norms,
                        sch_ini_report_fn *report, void *context, sch_error *error)
    __attribute__((warn_unused_result));

/* "hours", "days", "weeks", "working_days"; "" for SCH_UNIT_NONE. */
const char *sch_norm_file_unit(enum sch_unit unit);

/* "urgent", "after_intake", "clinical"; "" for the plain row. */
const char *sch_norm_file_variant(enum sch_variant variant);

/* The next word of a comma-separated list, without blanks around it; NULL at its end, "" for a gap. *rest
 * begins as the list. A longer word is cut. */
#define SCH_NORM_FILE_WORD_MAX 48
const char *sch_norm_file_word(const char **rest, char word[SCH_NORM_FILE_WORD_MAX]);

#endif
