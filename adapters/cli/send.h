/* send.h: a specification sent: as a draft of the library, to the broker, with its receipt shown. */
#ifndef SCH_CLI_SEND_H
#define SCH_CLI_SEND_H

#include "spec.h"

/*
 * Sends spec: a message that opens a dossier when row is NULL, else a message on that dossier, addressed by
 * the library. With
 * --dry-run only shows what would be sent. Prints the receipt, or the error. Returns the exit code.
 */
int sch_send_spec(struct sch_cli *cli, struct sch_spec *spec, const struct sch_dossier_row *row);

/* The same without a word: for acts on many dossiers. SCH_OK, QUEUED, or the error. */
int sch_send_silently(struct sch_cli *cli, struct sch_spec *spec, const struct sch_dossier_row *row,
                      sch_receipt *receipt, sch_error *error);

/* A message's hash, 64 hex digits, as reconcile compares it; null: it has none. */
json_t *sch_send_hash_json(const uint8_t hash[32]);

/* A header as JSON and its facts as lines, for inbox read. */
json_t *sch_send_header_json(const struct sch_header *header);
void sch_send_print_facts(const struct sch_header *header);

#endif
