/*
 * permit_file.h: who may send what, from an INI file into the core's matrix. adapters/norms/permits.ini is
 * DOMAIN's table.
 *
 *   [GP_PRACTICE]                       the sender's kind
 *   REFERRAL = GB_GGZ, S_GGZ            message kind = kinds of receiver; "ledger": to nobody but the
 *   TAKEN_UP = ledger, GB_GGZ           ledger; "*": every kind of party
 *
 * What is not written is not allowed.
 */
#ifndef SCH_SHELL_PERMIT_FILE_H
#define SCH_SHELL_PERMIT_FILE_H

#include "core/permit.h"
#include "ini.h"

/* Reads path into *permits (emptied first). Returns SCH_OK, or the code of the first fault: NORM_FORMAT with
 * "file:line: what", IO. Every fault goes to report (may be NULL) with context. */
int sch_permit_file_load(const char *path, struct sch_permits *permits, sch_ini_report_fn *report,
                         void *context, sch_error *error) __attribute__((warn_unused_result));

/* The same from bytes, under a name for messages. */
int sch_permit_file_parse(const char *name, const uint8_t *content, size_t size, struct sch_permits *permits,
                          sch_ini_report_fn *report, void *context, sch_error *error)
    __attribute__((warn_unused_result));

#endif
