/*
 * record_v1.h: reading what schema 1 wrote, for the migration alone.
 *
 * Each fills the value of today as far as the old bytes go, and leaves the rest zeroed. Contracts as record.h's
 * decoders. Rows of other tables have the same bytes in both.
 */
#ifndef SCH_SHELL_RECORD_V1_H
#define SCH_SHELL_RECORD_V1_H

#include "record.h"

int sch_record_v1_dossier(struct sch_bytes value, struct sch_dossier *dossier);
int sch_record_v1_message(struct sch_bytes value, struct sch_message_row *row);
/* audit_first is 1: nothing ever went. */
int sch_record_v1_meta(struct sch_bytes value, struct sch_meta *meta);

#endif
