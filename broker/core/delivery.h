/*
 * delivery.h: one message on its way to one mailbox. DOMAIN, "Two layers": Delivery.
 *
 * STORED ends as COLLECTED, REFUSED_BY_SYSTEM, EXPIRED or WITHDRAWN, and never changes again. Offering and
 * leasing are not here: they are volatile (shell/session.h). Must not know: expectations, phases.
 */
#ifndef SCH_CORE_DELIVERY_H
#define SCH_CORE_DELIVERY_H

#include "dossier.h"

#define SCH_DELIVERY_REPORT_MS (INT64_C(5) * 86400000)          /* uncollected: told to the sender */
#define SCH_DELIVERY_REPORT_URGENT_MS INT64_C(3600000)
#define SCH_DELIVERY_EXPIRY_MS (INT64_C(30) * 86400000)         /* uncollected: destroyed */

/* The unsettled delivery of message to this address; NULL when there is none. */
struct sch_delivery *sch_delivery_find(struct sch_dossier *dossier, const struct sch_id *message,
                                       const char *mailbox);

/* Appends a delivery. The caller has checked that there is room. */
struct sch_delivery *sch_delivery_add(struct sch_dossier *dossier);

/* Takes a delivery out of the record; the order of the others is kept. */
void sch_delivery_drop(struct sch_dossier *dossier, struct sch_delivery *delivery);

/* When a "not yet collected" report is due, or INT64_MAX (made by the broker, or reported already); and when
 * the delivery expires. */
int64_t sch_delivery_report_ms(const struct sch_delivery *delivery);
int64_t sch_delivery_expiry_ms(const struct sch_delivery *delivery);

/* Deliveries that parties (not the broker) have standing in the record. */
size_t sch_delivery_party_count(const struct sch_dossier *dossier);

/* DELIVERY_REPORTs that wait to be collected. */
size_t sch_delivery_report_count(const struct sch_dossier *dossier);

/* Is any delivery of this message still unsettled? Then its body is still needed. */
bool sch_delivery_pending(const struct sch_dossier *dossier, const struct sch_id *message);

#endif
