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

/*
 * The recipients of a message of this direction on this dossier, first addressee first, into member[];
 * returns how many (0: the ledger only). The sender is never among them, nobody stands twice.
 * OPENS, ONWARD: receiver, then copies. FEEDBACK: creditor, then copies. ANSWER: receiver.
 */
size_t sch_route_recipients(const struct sch_dossier *dossier, enum sch_direction direction,
                            const char *sender, uint8_t member[SCH_RECIPIENTS_MAX]);

/* Does the header name exactly these recipients in this order? */
bool sch_route_matches(const struct sch_dossier *dossier, const struct sch_header *header,
                       const uint8_t *member, size_t count);

#endif
