/*
 * permit.h: who may send what to whom: data, deny otherwise. DOMAIN, "Who may send what".
 *
 * The matrix is loaded from an INI file (shell/permit_file.c). Must not know: dossiers, files.
 */
#ifndef SCH_CORE_PERMIT_H
#define SCH_CORE_PERMIT_H

#include <scharnier/types.h>

/* allowed[sender kind][message kind]: bit (1 << receiver kind). Bit 0 stands for "the ledger only". */
struct sch_permits {
    uint32_t allowed[SCH_PARTY_COUNT][SCH_KIND_COUNT];
};

/* May a party of kind sender send this kind to one of kind receiver (SCH_PARTY_UNSPECIFIED: the ledger)? */
bool sch_permit_allows(const struct sch_permits *permits, enum sch_party_kind sender, enum sch_kind kind,
                       enum sch_party_kind receiver);

#endif
