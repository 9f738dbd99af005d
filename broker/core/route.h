/*
 * route.h: to whom a message goes: the members of its dossier that must get it. DOMAIN, "Roles in a dossier".
 *
 * Must not know: directories (parties come resolved), permits, time.
 */
#ifndef SCH_CORE_ROUTE_H
#define SCH_CORE_ROUTE_H

#include <scharnier/types.h>

#include "dossier.h"
#include "kind.h"
#include "step.h"

/*
 * The way that a message of this kind takes on this dossier when `sender` sends it: OPENS, FEEDBACK, RESULT,
 * ONWARD, ANSWER, LEDGER or BROKER. What kind.h leaves to the case is decided here and nowhere else: BOTH by
 * who speaks; a REFUSAL by the creditor of what was referred back, which is an ANSWER; a CARE_NOTICE, whose
 * sender is the receiver of the dossier; SAME, a CORRECTION, by what `subject` was (NULL: no way at all).
 */
enum sch_direction sch_route_direction(const struct sch_dossier *dossier, enum sch_kind kind,
                                       const char *sender, const struct sch_subject *subject);

/*
 * The recipients of a message that goes this way, first addressee first, into member[]; returns how many
 * (0: the ledger only). The sender is never among them, nobody stands twice.
 * OPENS, ONWARD: receiver, then copies. FEEDBACK: creditor, then copies; RESULT: then the referrer. ANSWER:
 * receiver.
 */
size_t sch_route_recipients(const struct sch_dossier *dossier, enum sch_direction direction,
                            const char *sender, uint8_t member[SCH_RECIPIENTS_MAX]);

/* Does the header name exactly these recipients in this order? */
bool sch_route_matches(const struct sch_dossier *dossier, const struct sch_header *header,
                       const uint8_t *member, size_t count);

#endif
