/* dossier.c: looking into a dossier: its members, and the moments that index it. */
#include "dossier.h"

#include <assert.h>

#include "calendar.h"
#include "delivery.h"
#include "expectation.h"
#include "value.h"

#define PURGE_MONTHS 24

uint8_t sch_dossier_member(const struct sch_dossier *dossier, const char *address)
{
    for (size_t i = 0; i < dossier->member_count; i++) {
        if (sch_value_same_text(dossier->member[i].address.text, address)) {
            return (uint8_t)i;
        }
    }
    return SCH_MEMBER_NONE;
}

bool sch_dossier_is(const struct sch_dossier *dossier, enum sch_member_role role, const char *address)
{
    assert(role < SCH_MEMBER_COPY);
    return sch_value_same_text(dossier->member[role].address.text, address);
}

bool sch_instance_is_open(const struct sch_instance *instance)
{
    return instance->standing == SCH_STANDING_OPEN || instance->standing == SCH_STANDING_INCOMPLETE;
}

bool sch_instance_is_late(const struct sch_instance *instance)
{
    return instance->standing == SCH_STANDING_CLOSED &&
           (instance->closed_ms >= instance->due_ms || instance->beyond);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t sch_dossier_presume_ms(const struct sch_dossier *dossier)
{
    if (dossier->phase != SCH_PHASE_INTAKE_PLANNED || dossier->intake_day == 0) {
        return INT64_MAX;
    }
    return sch_ms_of_day(dossier->intake_day + 1);
}

int64_t sch_dossier_purge_ms(const struct sch_dossier *dossier)
{
    if (dossier->closed_ms == 0 || dossier->phase == SCH_PHASE_NONE) {
        return INT64_MAX;
    }
    int32_t day = sch_add_months(sch_day_of_ms(dossier->closed_ms), PURGE_MONTHS);
    return day == INT32_MAX ? INT64_MAX : sch_ms_of_day(day + 1);
}

int64_t sch_dossier_next_due(const struct sch_dossier *dossier)
{
    int64_t next = sch_dossier_presume_ms(dossier);
    for (size_t i = 0; i < dossier->instance_count; i++) {
        int64_t at;
        (void)sch_expectation_next_step(&dossier->instance[i], &at);
        next = earlier(next, at);
    }
    for (size_t i = 0; i < dossier->delivery_count; i++) {
        next = earlier(next, sch_delivery_report_ms(&dossier->delivery[i]));
        next = earlier(next, sch_delivery_expiry_ms(&dossier->delivery[i]));
    }
    if (dossier->forward_by_ms != 0) {
        next = earlier(next, dossier->forward_by_ms);
    }
    /* What still lies in a mailbox ends first, by itself. */
    return dossier->delivery_count > 0 ? next : earlier(next, sch_dossier_purge_ms(dossier));
}

int64_t sch_dossier_next_owed(const struct sch_dossier *dossier)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < dossier->instance_count; i++) {
        if (sch_instance_is_open(&dossier->instance[i])) {
            next = earlier(next, dossier->instance[i].due_ms);
        }
    }
    return next;
}
