/* permit.c: one look into the matrix of who may send what to whom. Contract in permit.h. */
#include "permit.h"

bool sch_permit_allows(const struct sch_permits *permits, enum sch_party_kind sender, enum sch_kind kind,
                       enum sch_party_kind receiver)
{
    /* Numbers outside the lists come from no list of ours: they are simply not allowed. */
    if (sender <= SCH_PARTY_UNSPECIFIED || sender >= SCH_PARTY_COUNT)
        return false;
    if (kind <= SCH_KIND_UNSPECIFIED || kind >= SCH_KIND_COUNT)
        return false;
    if (receiver >= SCH_PARTY_COUNT)
        return false;
    return (permits->allowed[sender][kind] >> receiver & 1u) != 0;
}
