/*
 * session.c: sessions in an array with a hash on their peer, mailboxes in an array with a hash on their
 * address, holds in chained buckets by dossier, so that "is this dossier busy" is one short walk.
 */
#include "session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 8192
#define NOBODY UINT32_MAX

struct sch_sessions {
    struct sch_session session[SCH_SESSIONS_MAX];
    uint32_t session_top;                       /* those from here on were never used: nobody looks at them */
    uint32_t by_peer[2 * SCH_SESSIONS_MAX];     /* open addressing, rebuilt when a session ends */
    size_t session_count;
    struct sch_mailbox *mailbox;
    size_t mailbox_count, mailbox_room;
    uint32_t *by_address;                       /* open addressing; mailboxes are never removed */
    size_t address_slots;
    struct sch_hold *bucket[BUCKETS];
    size_t lease_count, backoff_count;
    uint64_t expired;                           /* leases that ran out */
    int64_t look_ms;                            /* nothing runs out before this */
    int64_t look_later_ms;                      /* when somebody wants to look again at what could not be read */
};

static uint64_t hash_bytes(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    uint64_t h = UINT64_C(1469598103934665603);

    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * UINT64_C(1099511628211);
    return h ^ (h >> 29);
}

static void run_out_at(struct sch_sessions *s, int64_t ms)
{
    if (ms < s->look_ms)
        s->look_ms = ms;
}

static struct sch_hold **bucket_of(struct sch_sessions *s, const struct sch_id *dossier)
{
    return &s->bucket[hash_bytes(dossier->bytes, sizeof dossier->bytes) % BUCKETS];
}

int sch_sessions_open(struct sch_sessions **sessions)
{
    struct sch_sessions *s = calloc(1, sizeof *s);

    if (s == NULL)
        return SCH_E_NO_MEMORY;
    memset(s->by_peer, 0xff, sizeof s->by_peer);
    s->look_ms = s->look_later_ms = INT64_MAX;
    *sessions = s;
    return SCH_OK;
}

void sch_sessions_close(struct sch_sessions *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while (s->bucket[i] != NULL) {
            struct sch_hold *hold = s->bucket[i];
            s->bucket[i] = hold->next;
            free(hold);
        }
    free(s->by_address);
    free(s->mailbox);
    free(s);
}

/* ---- peers -------------------------------------------------------------------------------------- */

static bool same_peer(const struct sch_peer *a, const struct sch_peer *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static size_t peer_slot(const struct sch_sessions *s, const struct sch_peer *peer)
{
    size_t slots = sizeof s->by_peer / sizeof s->by_peer[0];
    size_t at = hash_bytes(peer->bytes, peer->size) % slots;

    while (s->by_peer[at] != NOBODY && !same_peer(&s->session[s->by_peer[at]].peer, peer))
        at = (at + 1) % slots;
    return at;
}

/* Open addressing cannot simply clear a slot in the middle of a run; sessions end rarely, so the table is
 * laid anew. */
static void index_peers(struct sch_sessions *s)
{
    memset(s->by_peer, 0xff, sizeof s->by_peer);
    for (uint32_t i = 0; i < s->session_top; i++)
        if (s->session[i].used)
            s->by_peer[peer_slot(s, &s->session[i].peer)] = i;
}

struct sch_session *sch_sessions_find(struct sch_sessions *s, const struct sch_peer *peer, const char *key_id,
                                      int64_t mono_ms)
{
    uint32_t index = s->by_peer[peer_slot(s, peer)];

    if (index == NOBODY || strcmp(s->session[index].key_id, key_id) != 0)
        return NULL;
    s->session[index].heard_ms = mono_ms;
    return &s->session[index];
}

struct sch_session *sch_sessions_welcome(struct sch_sessions *s, const struct sch_peer *peer,
                                         const char *key_id, const struct sch_id *instance, int64_t mono_ms)
{
    size_t of_key = 0;

    for (uint32_t i = 0; i < s->session_top; i++) {
        struct sch_session *old = &s->session[i];
        if (old->used && (same_peer(&old->peer, peer) ||
                          (strcmp(old->key_id, key_id) == 0 &&
                           memcmp(&old->instance, instance, sizeof *instance) == 0)))
            sch_sessions_end(s, old);
        of_key += old->used && strcmp(old->key_id, key_id) == 0;
    }
    if (of_key >= SCH_SESSIONS_PER_KEY_MAX)
        return NULL;
    for (uint32_t i = 0; i < SCH_SESSIONS_MAX; i++) {
        struct sch_session *session = &s->session[i];
        if (session->used)
            continue;
        memset(session, 0, sizeof *session);
        session->used = true;
        s->session_top = i < s->session_top ? s->session_top : i + 1;
        session->peer = *peer;
        memcpy(session->key_id, key_id, strlen(key_id));
        session->instance = *instance;
        session->heard_ms = mono_ms;
        s->by_peer[peer_slot(s, peer)] = i;
        s->session_count++;
        run_out_at(s, mono_ms + SCH_SESSION_IDLE_MS);
        return session;
    }
    return NULL;
}

static void detach(struct sch_sessions *s, struct sch_session *session)
{
    uint32_t self = (uint32_t)(session - s->session);

    for (size_t i = 0; i < session->attached_count; i++) {
        struct sch_mailbox *mailbox = &s->mailbox[session->attached[i]];
        for (size_t k = 0; k < mailbox->session_count; k++)
            if (mailbox->session[k] == self) {
                mailbox->session[k] = mailbox->session[--mailbox->session_count];
                break;
            }
    }
    session->attached_count = 0;
}

/* What a session leased from mailboxes that are not among these may be offered to others. */
static void give_back(struct sch_sessions *s, const struct sch_session *session, const uint32_t *kept,
                      size_t count)
{
    if (session->held_messages == 0)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct sch_hold *hold = s->bucket[i]; hold != NULL; hold = hold->next) {
            bool stays = !sch_sessions_holds(s, session, hold);

            for (size_t k = 0; k < count; k++)
                stays = stays || kept[k] == hold->mailbox;
            if (!stays)
                sch_sessions_release(s, hold);
        }
}

void sch_sessions_end(struct sch_sessions *s, struct sch_session *session)
{
    assert(session->used);
    give_back(s, session, NULL, 0);
    detach(s, session);
    session->used = false;
    s->session_count--;
    index_peers(s);
}

void sch_sessions_end_all(struct sch_sessions *s, const char *key_id)
{
    for (size_t i = 0; i < s->session_top; i++)
        if (s->session[i].used && strcmp(s->session[i].key_id, key_id) == 0)
            sch_sessions_end(s, &s->session[i]);
}

/* ---- mailboxes ---------------------------------------------------------------------------------- */

static size_t address_slot(const struct sch_sessions *s, const char *address)
{
    size_t at = hash_bytes(address, strlen(address)) % s->address_slots;

    while (s->by_address[at] != NOBODY && strcmp(s->mailbox[s->by_address[at]].address.text, address) != 0)
        at = (at + 1) % s->address_slots;
    return at;
}

static int grow_mailboxes(struct sch_sessions *s)
{
    size_t room = s->mailbox_room == 0 ? 64 : 2 * s->mailbox_room;
    struct sch_mailbox *mailbox = realloc(s->mailbox, room * sizeof *mailbox);
    uint32_t *by_address;

    if (mailbox == NULL)
        return SCH_E_NO_MEMORY;
    s->mailbox = mailbox;
    by_address = realloc(s->by_address, 2 * room * sizeof *by_address);
    if (by_address == NULL)
        return SCH_E_NO_MEMORY;
    s->by_address = by_address;
    s->mailbox_room = room;
    s->address_slots = 2 * room;
    memset(by_address, 0xff, s->address_slots * sizeof *by_address);
    for (uint32_t i = 0; i < s->mailbox_count; i++)
        by_address[address_slot(s, mailbox[i].address.text)] = i;
    return SCH_OK;
}

static struct sch_mailbox *mailbox_made(struct sch_sessions *s, const struct sch_address *address)
{
    struct sch_mailbox *mailbox = sch_sessions_mailbox_of(s, address->text);

    if (mailbox != NULL)
        return mailbox;
    if (s->mailbox_count == s->mailbox_room && grow_mailboxes(s) != SCH_OK)
        return NULL;
    mailbox = &s->mailbox[s->mailbox_count];
    *mailbox = (struct sch_mailbox){ .address = *address, .skipped_min = UINT64_MAX };
    s->by_address[address_slot(s, address->text)] = (uint32_t)s->mailbox_count++;
    return mailbox;
}

size_t sch_sessions_mailbox_count(const struct sch_sessions *s)
{
    return s->mailbox_count;
}

struct sch_mailbox *sch_sessions_mailbox(struct sch_sessions *s, size_t index)
{
    assert(index < s->mailbox_count);
    return &s->mailbox[index];
}

struct sch_mailbox *sch_sessions_mailbox_of(struct sch_sessions *s, const char *address)
{
    uint32_t index;

    if (s->mailbox_count == 0)
        return NULL;
    index = s->by_address[address_slot(s, address)];
    return index == NOBODY ? NULL : &s->mailbox[index];
}

static void look_again(struct sch_mailbox *mailbox)
{
    if (mailbox->skipped_min < mailbox->scan_from)
        mailbox->scan_from = mailbox->skipped_min;
    mailbox->skipped_min = UINT64_MAX;
    mailbox->pending = true;
}

int sch_sessions_hold_back(struct sch_sessions *s, const struct sch_address *address, bool held_back)
{
    struct sch_mailbox *mailbox = mailbox_made(s, address);

    if (mailbox == NULL)
        return SCH_E_NO_MEMORY;
    mailbox->held_back = held_back;
    look_again(mailbox);
    return SCH_OK;
}

struct sch_session *sch_sessions_taker(struct sch_sessions *s, struct sch_mailbox *mailbox, uint32_t bytes,
                                       int64_t mono_ms)
{
    for (size_t i = 0; i < mailbox->session_count && !mailbox->held_back; i++) {
        size_t at = (mailbox->turn + i) % mailbox->session_count;
        struct sch_session *session = &s->session[mailbox->session[at]];
        /* A body larger than the whole credit still passes when nothing else is held, or it never would. */
        bool fits = session->held_messages == 0 || session->held_bytes + bytes <= session->credit_bytes;

        if (session->held_messages < session->credit_messages && fits &&
            session->stalled_until_ms <= mono_ms)
            return session;
    }
    return NULL;
}

struct sch_session *sch_sessions_listener(struct sch_sessions *s, const char *address)
{
    struct sch_mailbox *mailbox = sch_sessions_mailbox_of(s, address);

    if (mailbox == NULL || mailbox->session_count == 0)
        return NULL;
    return &s->session[mailbox->session[0]];
}

/* ---- holds -------------------------------------------------------------------------------------- */

struct sch_hold *sch_sessions_hold(struct sch_sessions *s, const struct sch_mailbox *mailbox,
                                   const struct sch_id *dossier, const struct sch_id *message)
{
    uint32_t index = (uint32_t)(mailbox - s->mailbox);

    for (struct sch_hold *hold = *bucket_of(s, dossier); hold != NULL; hold = hold->next)
        if (hold->mailbox == index && memcmp(&hold->message, message, sizeof *message) == 0)
            return hold;
    return NULL;
}

void sch_sessions_each_hold(struct sch_sessions *s, void (*visit)(void *context, struct sch_hold *hold),
                            void *context)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct sch_hold *hold = s->bucket[i]; hold != NULL; hold = hold->next)
            visit(context, hold);
}

bool sch_sessions_busy(struct sch_sessions *s, const struct sch_mailbox *mailbox,
                       const struct sch_id *dossier)
{
    uint32_t index = (uint32_t)(mailbox - s->mailbox);

    for (struct sch_hold *hold = *bucket_of(s, dossier); hold != NULL; hold = hold->next)
        if (hold->mailbox == index && hold->state != SCH_HOLD_OFFERED &&
            memcmp(&hold->dossier, dossier, sizeof *dossier) == 0)
            return true;
    return false;
}

/* Whoever was served waits for the others. Being asked is no turn: an offer looks for a taker first, and two
 * sessions would otherwise see the same one served for ever. */
static void pass_turn(struct sch_mailbox *mailbox, uint32_t session)
{
    for (size_t i = 0; i < mailbox->session_count; i++)
        if (mailbox->session[i] == session)
            mailbox->turn = i + 1;
}

struct sch_hold *sch_sessions_lease(struct sch_sessions *s, struct sch_mailbox *mailbox,
                                    struct sch_session *session, const struct sch_id *dossier,
                                    const struct sch_id *message, uint64_t sequence, uint32_t bytes,
                                    int64_t mono_ms)
{
    struct sch_hold *hold = sch_sessions_hold(s, mailbox, dossier, message);

    if (hold == NULL) {
        struct sch_hold **bucket = bucket_of(s, dossier);

        hold = calloc(1, sizeof *hold);
        if (hold == NULL)
            return NULL;
        hold->message = *message;
        hold->dossier = *dossier;
        hold->sequence = sequence;
        hold->mailbox = (uint32_t)(mailbox - s->mailbox);
        hold->next = *bucket;
        *bucket = hold;
    }
    assert(hold->state == SCH_HOLD_OFFERED);
    hold->state = SCH_HOLD_LEASED;
    hold->session = (uint32_t)(session - s->session);
    hold->bytes = bytes;
    hold->until_ms = mono_ms + SCH_LEASE_MS;
    pass_turn(mailbox, hold->session);
    session->held_messages++;
    session->held_bytes += bytes;
    s->lease_count++;
    run_out_at(s, hold->until_ms);
    return hold;
}

bool sch_sessions_holds(const struct sch_sessions *s, const struct sch_session *session,
                        const struct sch_hold *hold)
{
    return hold != NULL && hold->state == SCH_HOLD_LEASED && &s->session[hold->session] == session;
}

/* Gives a lease's credit back. */
static void unlease(struct sch_sessions *s, struct sch_hold *hold)
{
    struct sch_session *session = &s->session[hold->session];

    assert(hold->state == SCH_HOLD_LEASED && session->held_messages > 0 && s->lease_count > 0);
    session->held_messages--;
    session->held_bytes -= hold->bytes;
    s->lease_count--;
    hold->state = SCH_HOLD_OFFERED;
}

/* Leased or backing off: it blocks its dossier no longer. */
static void free_up(struct sch_sessions *s, struct sch_hold *hold)
{
    if (hold->state == SCH_HOLD_LEASED)
        unlease(s, hold);
    else if (hold->state == SCH_HOLD_BACKOFF)
        s->backoff_count--;
    hold->state = SCH_HOLD_OFFERED;
}

void sch_sessions_back_off(struct sch_sessions *s, struct sch_hold *hold, int64_t mono_ms)
{
    struct sch_mailbox *mailbox = &s->mailbox[hold->mailbox];
    int64_t wait_ms = INT64_C(1000) << (hold->retries < 9 ? hold->retries : 9);

    unlease(s, hold);
    hold->state = SCH_HOLD_BACKOFF;
    s->backoff_count++;
    hold->retries++;
    hold->until_ms = mono_ms + (wait_ms < SCH_BACKOFF_MAX_MS ? wait_ms : SCH_BACKOFF_MAX_MS);
    run_out_at(s, hold->until_ms);
    if (hold->sequence < mailbox->skipped_min)
        mailbox->skipped_min = hold->sequence;
    mailbox->pending = true;
}

void sch_sessions_release(struct sch_sessions *s, struct sch_hold *hold)
{
    struct sch_mailbox *mailbox = &s->mailbox[hold->mailbox];

    free_up(s, hold);
    if (hold->sequence < mailbox->skipped_min)
        mailbox->skipped_min = hold->sequence;
    look_again(mailbox);
}

int sch_sessions_attach(struct sch_sessions *s, struct sch_session *session,
                        const struct sch_address *address, size_t count, uint32_t credit_messages,
                        uint32_t credit_bytes)
{
    uint32_t self = (uint32_t)(session - s->session);
    uint32_t wanted[SCH_ATTACHED_MAX];

    assert(count <= SCH_ATTACHED_MAX);
    for (size_t i = 0; i < count; i++) {
        struct sch_mailbox *mailbox = mailbox_made(s, &address[i]);
        bool mine = false;

        if (mailbox == NULL)
            return SCH_E_NO_MEMORY;
        for (size_t k = 0; k < mailbox->session_count; k++)
            mine = mine || mailbox->session[k] == self;
        if (!mine && mailbox->session_count == sizeof mailbox->session / sizeof mailbox->session[0])
            return SCH_E_BROKER_BUSY;
        wanted[i] = (uint32_t)(mailbox - s->mailbox);
    }
    detach(s, session);
    give_back(s, session, wanted, count);
    for (size_t i = 0; i < count; i++) {
        struct sch_mailbox *mailbox = &s->mailbox[wanted[i]];
        bool twice = false;

        for (size_t k = 0; k < session->attached_count; k++)
            twice = twice || session->attached[k] == wanted[i];
        if (twice)
            continue;
        mailbox->session[mailbox->session_count++] = self;
        session->attached[session->attached_count++] = wanted[i];
        mailbox->scan_from = 0;
        look_again(mailbox);
    }
    session->credit_messages = credit_messages;
    session->credit_bytes = credit_bytes;
    return SCH_OK;
}

void sch_sessions_forget(struct sch_sessions *s, struct sch_hold *hold)
{
    struct sch_hold **link;

    if (hold == NULL)
        return;
    free_up(s, hold);
    look_again(&s->mailbox[hold->mailbox]);
    for (link = bucket_of(s, &hold->dossier); *link != hold; link = &(*link)->next)
        assert(*link != NULL);
    *link = hold->next;
    free(hold);
}

void sch_sessions_extend(struct sch_sessions *s, struct sch_session *session, int64_t mono_ms)
{
    uint32_t self = (uint32_t)(session - s->session);

    if (session->held_messages == 0)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct sch_hold *hold = s->bucket[i]; hold != NULL; hold = hold->next)
            if (hold->state == SCH_HOLD_LEASED && hold->session == self)
                hold->until_ms = mono_ms + SCH_LEASE_MS;
}

void sch_sessions_stall(struct sch_sessions *s, struct sch_session *session, int64_t mono_ms)
{
    session->stalled_until_ms = mono_ms + SCH_STALL_MS;
    run_out_at(s, session->stalled_until_ms);
}

void sch_sessions_look_later(struct sch_sessions *s, int64_t mono_ms)
{
    s->look_later_ms = mono_ms + SCH_LOOK_LATER_MS;
    run_out_at(s, s->look_later_ms);
}

int64_t sch_sessions_expire(struct sch_sessions *s, int64_t mono_ms)
{
    int64_t next_ms;

    if (mono_ms < s->look_ms)
        return s->look_ms;
    if (s->look_later_ms <= mono_ms)
        s->look_later_ms = INT64_MAX;
    next_ms = s->look_later_ms;

    for (size_t i = 0; i < s->session_top; i++) {
        struct sch_session *session = &s->session[i];
        if (!session->used)
            continue;
        if (session->heard_ms + SCH_SESSION_IDLE_MS <= mono_ms)
            sch_sessions_end(s, session);
        else if (session->heard_ms + SCH_SESSION_IDLE_MS < next_ms)
            next_ms = session->heard_ms + SCH_SESSION_IDLE_MS;
        if (session->used && session->stalled_until_ms > mono_ms && session->stalled_until_ms < next_ms)
            next_ms = session->stalled_until_ms;
    }
    for (size_t i = 0; i < BUCKETS && s->lease_count + s->backoff_count > 0; i++)
        for (struct sch_hold *hold = s->bucket[i]; hold != NULL; hold = hold->next) {
            if (hold->state == SCH_HOLD_OFFERED)
                continue;
            if (hold->until_ms <= mono_ms) {
                s->expired += hold->state == SCH_HOLD_LEASED;
                sch_sessions_release(s, hold);
            } else if (hold->until_ms < next_ms) {
                next_ms = hold->until_ms;
            }
        }
    s->look_ms = next_ms;
    return next_ms;
}

size_t sch_sessions_leased(struct sch_sessions *s, const struct sch_id *dossier, struct sch_id *message,
                           size_t capacity)
{
    size_t count = 0;

    for (struct sch_hold *hold = *bucket_of(s, dossier); hold != NULL && count < capacity; hold = hold->next)
        if (hold->state == SCH_HOLD_LEASED && memcmp(&hold->dossier, dossier, sizeof *dossier) == 0)
            message[count++] = hold->message;
    return count;
}

void sch_sessions_rescan(struct sch_sessions *s)
{
    for (size_t i = 0; i < s->mailbox_count; i++) {
        s->mailbox[i].scan_from = 0;
        s->mailbox[i].skipped_min = UINT64_MAX;
        s->mailbox[i].pending = true;
    }
}

struct sch_session_counts sch_sessions_count(const struct sch_sessions *s)
{
    struct sch_session_counts counts = { .sessions = s->session_count, .leased = s->lease_count,
                                         .backing_off = s->backoff_count, .expired = s->expired };

    for (size_t i = 0; i < s->mailbox_count; i++)
        counts.mailboxes += s->mailbox[i].session_count > 0;
    return counts;
}
