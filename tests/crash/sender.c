/*
 * sender.c: the sending adapter of the crash test: a practice that refers patients, collects what comes back,
 * and takes up those who were refused.
 *
 * A referral's number is durable in the book "posted" before it is posted, and everything about it follows
 * from the number; so a new life of this process posts again, under the same keys, whatever has no receipt in
 * its book.
 * Usage: sender CONFIG DIR COPY RECEIVER…   (COPY: an address, or "-")
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "party.h"
#include "plan.h"

#define REFERRALS_MAX 100000u
#define OUTBOX_MAX 16                   /* messages under way, as of a busy HIS */
#define PACE_MS 25
#define LETTER_SIZE_MAX 60000           /* so that the outbox is rewritten every ten seconds or so */

enum { RECEIPTED = 1, WITHDRAWAL_RECEIPTED = 2 };

struct sender {
    struct crash_party party;           /* must be first: the callback's context */
    const char *copy;
    char **receivers;
    unsigned receiver_count;
    unsigned posted;                    /* numbers 1..posted are in the book */
    unsigned next;                      /* the first that was not posted in this life */
    uint8_t receipted[REFERRALS_MAX + 1];
    int book;
    int64_t paced_ms;
};

static int64_t mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static sch_verdict on_msg(const sch_msg *msg, void *context)
{
    struct crash_party *party = context;
    const struct sch_header *header = sch_msg_header(msg);
    struct sch_header referral = { .kind = SCH_KIND_REFERRAL };
    char key[CRASH_KEY_SIZE];
    sch_receipt receipt;
    sch_draft *draft;

    if (crash_party_hesitates(party, &header->id))
        return SCH_RETRY;
    if (header->kind == SCH_KIND_REFUSAL && header->dossier.bytes[SCH_ID_SIZE - 1] % 2 == 0) {
        referral.id = header->dossier;
        referral.sender = header->receiver;
        referral.receiver = header->sender;
        draft = crash_party_draft(party, SCH_KIND_TAKEN_UP, &referral);
        sch_draft_fact(draft, SCH_FACT_TAKEN_UP, SCH_TAKEN_OWN_CARE);
        crash_key(key, "t", &header->dossier);
        if (!crash_party_post(party, draft, key, &receipt))
            return SCH_RETRY;
    }
    crash_party_store(party, msg);
    return SCH_COLLECT;
}

/* ---- referring ---------------------------------------------------------------------------------- */

static bool post_withdrawal(struct sender *sender, unsigned number, const struct sch_header *referral)
{
    sch_draft *draft = crash_party_draft(&sender->party, SCH_KIND_WITHDRAWAL, referral);
    char key[CRASH_KEY_SIZE];
    sch_receipt receipt;

    sch_draft_fact(draft, SCH_FACT_WITHDRAWAL_REASON, SCH_WITHDRAWN_PLACED_ELSEWHERE);
    snprintf(key, sizeof key, "w-%u", number);
    return crash_party_post(&sender->party, draft, key, &receipt);
}

static bool post_referral(struct sender *sender, unsigned number)
{
    sch_draft *draft = crash_party_draft(&sender->party, SCH_KIND_REFERRAL, NULL);
    struct sch_header header;
    static char reason[LETTER_SIZE_MAX + 1];
    char key[CRASH_KEY_SIZE], plan[16];
    sch_receipt receipt;

    sch_draft_to(draft, sender->receivers[number / PLAN_COUNT % sender->receiver_count]);
    if (strcmp(sender->copy, "-") != 0 && number % 3 == 0)
        sch_draft_copy(draft, sender->copy);
    sch_draft_fact(draft, SCH_FACT_URGENCY, SCH_URGENCY_ROUTINE);
    sch_draft_fact(draft, SCH_FACT_LETTER_DATE, crash_date(&sender->party, -10));
    snprintf(plan, sizeof plan, "plan %u", number % PLAN_COUNT);
    sch_draft_section(draft, PLAN_SECTION, plan);
    memset(reason, 'x', LETTER_SIZE_MAX);
    reason[LETTER_SIZE_MAX / 2 + number * 7919 % (LETTER_SIZE_MAX / 2)] = '\0';
    sch_draft_section(draft, 1, reason);
    header = *sch_draft_header(draft);
    snprintf(key, sizeof key, "r-%u", number);
    if (!crash_party_post(&sender->party, draft, key, &receipt))
        return false;
    header.id = receipt.id;             /* of what stands under this key, perhaps from a former life */
    return number % PLAN_COUNT != PLAN_WITHDRAWN || post_withdrawal(sender, number, &header);
}

static bool is_done(const struct sender *sender, unsigned number)
{
    unsigned all = number % PLAN_COUNT == PLAN_WITHDRAWN ? RECEIPTED | WITHDRAWAL_RECEIPTED : RECEIPTED;

    return (sender->receipted[number] & all) == all;
}

static void refer(struct sender *sender)
{
    int64_t now_ms = mono_ms();

    while (sender->next <= sender->posted && is_done(sender, sender->next))
        sender->next++;
    if (sch_outbox_count(sender->party.client) >= OUTBOX_MAX)
        return;
    if (sender->next > sender->posted) {
        if (crash_draining || now_ms < sender->paced_ms + PACE_MS || sender->posted == REFERRALS_MAX)
            return;
        sender->paced_ms = now_ms;
        crash_note(sender->book, true, "%u\n", ++sender->posted);
    }
    if (post_referral(sender, sender->next))
        sender->next++;
}

/* ---- books -------------------------------------------------------------------------------------- */

static void read_books(struct sender *sender, const char *dir)
{
    char path[1024], line[256];
    unsigned number;
    FILE *file;

    snprintf(path, sizeof path, "%s/posted", dir);
    if ((file = fopen(path, "r")) != NULL) {
        while (fgets(line, sizeof line, file) != NULL)
            sender->posted = (unsigned)strtoul(line, NULL, 10);
        fclose(file);
    }
    snprintf(path, sizeof path, "%s/receipts", dir);
    if ((file = fopen(path, "r")) != NULL) {
        while (fgets(line, sizeof line, file) != NULL) {
            if (sscanf(line, "r-%u ", &number) == 1 && number <= REFERRALS_MAX)
                sender->receipted[number] |= RECEIPTED;
            else if (sscanf(line, "w-%u ", &number) == 1 && number <= REFERRALS_MAX)
                sender->receipted[number] |= WITHDRAWAL_RECEIPTED;
        }
        fclose(file);
    }
    sender->next = 1;
}

int main(int argc, char **argv)
{
    static struct sender sender;
    bool served = true;

    if (argc < 5) {
        fprintf(stderr, "usage: sender CONFIG DIR COPY RECEIVER...\n");
        return 2;
    }
    sender.copy = argv[3];
    sender.receivers = argv + 4;
    sender.receiver_count = (unsigned)argc - 4;
    read_books(&sender, argv[2]);
    sender.book = crash_book(argv[2], "posted");
    if (!crash_party_open(&sender.party, argv[1], argv[2], on_msg))
        return 1;
    while (served && !crash_stopping) {
        served = crash_party_step(&sender.party);
        if (served)
            refer(&sender);
    }
    crash_party_close(&sender.party);
    return served ? 0 : 1;
}
