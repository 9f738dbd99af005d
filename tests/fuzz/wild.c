/* wild.c: edits of a header, field by field. */
#include "wild.h"

#include <stdlib.h>
#include <string.h>

#include "codec.h"

static int64_t any_fact(struct step_life *life)
{
    static const int64_t odd[] = { 0, 1, 2, 3, 15, 255, 9999, 20000101, 20000229, 20261231, 20991231,
                                   INT64_C(1772442000000), INT32_MAX, INT64_MAX };
    switch (step_life_draw(life, 3)) {
    case 0: return odd[step_life_draw(life, sizeof odd / sizeof odd[0])];
    case 1: return (int64_t)step_life_draw(life, 64);
    default: return step_fixture_date(life->f, (int)step_life_draw(life, 4096) - 2048);
    }
}

/* A party's, one that is in no directory, or none. */
static struct sch_address any_address(struct step_life *life)
{
    uint64_t who = step_life_draw(life, STEP_PARTY_COUNT + 2);
    struct sch_address address = { "" };
    if (who < STEP_PARTY_COUNT)
        return life->f->party[who].address;
    if (who == STEP_PARTY_COUNT)
        memcpy(address.text, "agb:99999999", sizeof "agb:99999999");
    return address;
}

static void edit(struct step_life *life, struct sch_header *header)
{
    switch (step_life_draw(life, 10)) {
    case 0: header->kind = (enum sch_kind)(1 + step_life_draw(life, SCH_KIND_COUNT - 1)); break;
    case 1: header->sender = any_address(life); break;
    case 2: header->receiver = any_address(life); break;
    case 3: header->copy_count = step_life_draw(life, SCH_COPIES_MAX + 1); break;
    case 4: header->copies[step_life_draw(life, SCH_COPIES_MAX)] = any_address(life); break;
    case 5: header->creditor = any_address(life); break;
    case 6: header->concerned = any_address(life); break;
    case 7: header->sections = (uint32_t)step_life_draw(life, SCH_SECTION_ALL + 1); break;
    case 8: header->sections_known = !header->sections_known; break;
    default: header->fact[step_life_draw(life, SCH_FACT_COUNT)] = any_fact(life); break;
    }
}

bool wild_header(struct step_life *life)
{
    static struct sch_arena arena;
    struct sch_header *header = &life->f->header;
    struct sch_fault fault = { SCH_OK, NULL };
    uint8_t bytes[SCH_HEADER_SIZE_MAX];
    if (arena.base == NULL && sch_arena_init(&arena, SCH_ARENA_COMMAND_SIZE) != SCH_OK)
        abort();
    for (uint64_t edits = 1 + step_life_draw(life, 3); edits > 0; edits--)
        edit(life, header);
    for (size_t i = header->copy_count; i < SCH_COPIES_MAX; i++)
        memset(&header->copies[i], 0, sizeof header->copies[i]);
    size_t size = sch_header_encode(header, bytes, sizeof bytes);
    sch_arena_reset(&arena);
    return size > 0 && sch_header_decode((struct sch_bytes){ bytes, size }, &arena, header, &fault) == SCH_OK;
}

void wild_event(struct step_life *life)
{
    struct sch_event *event = &life->f->event;
    uint64_t about = step_life_draw(life, 8);
    event->has_body = (about & 1) != 0;
    event->gp_key = (about & 2) != 0;
    event->id_in_use = about == 4;
    if (about == 5) {
        event->subject.known = true;
        event->subject.dossier = life->f->dossier.id;
        event->subject.kind = (enum sch_kind)(1 + step_life_draw(life, SCH_KIND_COUNT - 1));
        event->subject.sender = any_address(life);
        event->subject.collected = step_life_draw(life, 2) != 0;
    }
}
