/*
 * audit_chain.h: the hash over a turn's audit rows: shared by what writes a chain and what verifies it.
 */
#ifndef SCH_SHELL_AUDIT_CHAIN_H
#define SCH_SHELL_AUDIT_CHAIN_H

#include <scharnier/types.h>
#include <sodium.h>

void sch_audit_chain_begin(crypto_generichash_state *hash, const uint8_t previous[32]);
void sch_audit_chain_add(crypto_generichash_state *hash, struct sch_bytes key, struct sch_bytes value);
void sch_audit_chain_end(crypto_generichash_state *hash, uint8_t digest[32]);

#endif
