/*
 * id.h: identities as text and back: message ids (UUIDv7, RFC 9562), addresses, kenmerken.
 */
#ifndef SCH_PROTO_ID_H
#define SCH_PROTO_ID_H

#include <scharnier/types.h>

#define SCH_ID_TEXT_SIZE 37             /* "0190a1b2-…" with NUL */

/* A fresh UUIDv7 of now_ms with 74 random bits from libsodium. */
struct sch_id sch_id_new(int64_t now_ms);
/* The Unix milliseconds in a UUIDv7; -1 when version or variant are not those of a UUIDv7. */
int64_t sch_id_time_ms(const struct sch_id *id);
bool sch_id_is_none(const struct sch_id *id);
bool sch_id_equal(const struct sch_id *a, const struct sch_id *b);
void sch_id_text(const struct sch_id *id, char text[SCH_ID_TEXT_SIZE]);
bool sch_id_parse(const char *text, struct sch_id *id);

/* Is text an address: scheme ":" name ["/" mailbox]; agb: 8 digits, gemeente: 4 digits "/" team, kvk: 8
 * digits, regio: region code "/" mailbox; lower-case letters, digits and "-" (DOMAIN, "Parties"). */
bool sch_address_valid(const char *text);
/* Copies a valid address, zero-padded; false (and *address emptied) when it is none. */
bool sch_address_set(struct sch_address *address, const char *text);
/* The organisation's address: up to the "/" for agb and kvk; the whole for the others. */
void sch_address_organisation(const struct sch_address *address, struct sch_address *organisation);

/*
 * The kenmerk of a number below 2^35: "SN-", seven signs of base 32 (0-9 and A-Z without I, L, O, U) and a
 * check sign of the same alphabet: ISO 7064's hybrid system made for 32 signs, which finds every single
 * wrong sign. The number is scrambled first, so that consecutive numbers look unlike each other.
 */
#define SCH_KENMERK_LIMIT (UINT64_C(1) << 35)
void sch_kenmerk_text(uint64_t number, char text[SCH_KENMERK_SIZE + 1]);
/* Accepts lower case, missing "SN-" and "-"; O, I, L are read as 0, 1, 1. False on a wrong check character. */
bool sch_kenmerk_parse(const char *text, uint64_t *number);

#endif
