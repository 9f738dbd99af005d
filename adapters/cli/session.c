/*
 * session.c: the client handle of one command, and questions to the broker. Contract in cli.h.
 */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "id.h"

#define TIMEOUT_DEFAULT_MS 10000
#define CONFIG_DEFAULT "/etc/scharnier/client.conf"

const char *sch_cli_config_path(const struct sch_cli *cli)
{
    if (cli->config != NULL)
        return cli->config;
    const char *named = getenv("SCHARNIER_CONFIG");
    return named != NULL && named[0] != '\0' ? named : CONFIG_DEFAULT;
}

int sch_cli_timeout(const struct sch_cli *cli)
{
    return cli->timeout_ms >= 0 ? cli->timeout_ms : TIMEOUT_DEFAULT_MS;
}

int sch_cli_open(struct sch_cli *cli, sch_error *error)
{
    if (cli->client != NULL)
        return SCH_OK;
    const char *path = sch_cli_config_path(cli);
    if (access(path, R_OK) != 0) {
        (void)sch_fail(error, SCH_E_CONFIG, "%s: %s", path, strerror(errno));
        error->hint = "--config FILE or SCHARNIER_CONFIG names another; `scharnier dev` makes a region to try";
        return SCH_E_CONFIG;
    }
    cli->client = sch_open(path, error);
    return cli->client != NULL ? SCH_OK : (int)error->code;
}

/* What became of a message that an earlier command left in the outbox. */
static void on_sent(void *context, const char *key, const sch_receipt *receipt, const sch_error *error)
{
    const struct sch_cli *cli = context;
    if (error->code != SCH_OK) {
        fprintf(stderr, "scharnier: the queued message \"%s\" was not taken, and is out of the outbox\n",
                key);
        (void)sch_perror(error);
    } else if (!cli->quiet) {
        fprintf(stderr, "scharnier: the queued message \"%s\" was sent: %s\n", key, receipt->kenmerk);
    }
}

/* What waits goes first; what cannot go within the time limit stays and waits on. */
static void empty_outbox(struct sch_cli *cli)
{
    int left_ms = sch_cli_timeout(cli);
    if (sch_outbox_count(cli->client) == 0)
        return;
    sch_on_sent(cli->client, on_sent, cli);
    for (; left_ms > 0 && sch_outbox_count(cli->client) > 0; left_ms -= 50) {
        sch_error ignored = SCH_ERROR_INIT;
        (void)sch_client_step(cli->client, 50, &ignored);
    }
    /* The last answer is reported by a step of its own. */
    (void)sch_client_step(cli->client, 0, NULL);
    sch_on_sent(cli->client, NULL, NULL);
}

int sch_cli_connect(struct sch_cli *cli, sch_error *error)
{
    int code = sch_cli_open(cli, error);
    bool before = code == SCH_OK && sch_is_connected(cli->client);
    if (code == SCH_OK)
        code = sch_connect(cli->client, sch_cli_timeout(cli), error);
    if (code == SCH_OK && !before)
        empty_outbox(cli);
    return code;
}

const struct sch_party *sch_cli_party(struct sch_cli *cli, const char *address)
{
    /* A directory that cannot be had costs names, not the answer. */
    if (!cli->directory_asked && cli->client != NULL)
        cli->directory = sch_client_directory(cli->client, NULL, sch_cli_timeout(cli), NULL);
    cli->directory_asked = true;
    return cli->directory != NULL ? sch_directory_party(cli->directory, address) : NULL;
}

const char *sch_cli_name(struct sch_cli *cli, const char *address)
{
    const struct sch_party *party = sch_cli_party(cli, address);
    return party != NULL ? party->name : address;
}

/* --mailbox, --from or --party, else cli->acting: the address to act for; NULL: the default sender. */
static const char *address_for(const struct sch_cli *cli)
{
    static const char *const options[] = { "mailbox", "from", "party" };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (sch_cli_is(cli, options[i]))
            return sch_cli_option(cli, options[i]);
    return cli->acting;
}

int sch_cli_ask(struct sch_cli *cli, struct sch_query *query,
                bool (*take)(void *context, const struct sch_page *page), void *context, sch_error *error)
{
    const char *acting = address_for(cli);
    if (query->party.text[0] == '\0' && acting != NULL && !sch_address_set(&query->party, acting))
        return sch_fail(error, SCH_E_USAGE, "\"%s\" is no address, such as agb:06290713/poh-ggz", acting);
    int code = sch_cli_connect(cli, error);
    if (code != SCH_OK)
        return code;
    for (bool more = true; more;) {
        struct sch_page page;
        code = sch_ask(cli->client, query, sch_cli_timeout(cli), &page, error);
        if (code != SCH_OK)
            return code;
        more = take(context, &page) && page.cursor_size > 0;
        memcpy(query->cursor, page.cursor, sizeof query->cursor);
        query->cursor_size = page.cursor_size;
    }
    return SCH_OK;
}

int sch_cli_refer(struct sch_query *query, const char *reference, sch_error *error)
{
    uint64_t number = 0;
    if (sch_id_parse(reference, &query->dossier))
        return SCH_OK;
    if (!sch_kenmerk_parse(reference, &number))
        return sch_fail(error, SCH_E_USAGE,
                        "\"%.60s\" is no kenmerk, such as SN-7F3K-29QD: check each character", reference);
    sch_kenmerk_text(number, query->kenmerk);
    return SCH_OK;
}

static bool take_dossier(void *context, const struct sch_page *page)
{
    struct sch_dossier_row *row = context;
    if (page->dossier_count > 0)
        *row = page->dossiers[0];
    return false;
}

int sch_cli_dossier(struct sch_cli *cli, const char *reference, struct sch_dossier_row *row, sch_error *error)
{
    struct sch_query query = { .type = SCH_QUERY_DOSSIER };
    *row = (struct sch_dossier_row){ .phase = SCH_PHASE_NONE };
    int code = sch_cli_refer(&query, reference, error);
    if (code == SCH_OK)
        code = sch_cli_ask(cli, &query, take_dossier, row, error);
    if (code == SCH_OK && row->phase == SCH_PHASE_NONE)
        code = sch_fail(error, SCH_E_UNKNOWN_DOSSIER, "%s", reference);
    return code;
}

int sch_cli_find(struct sch_cli *cli, const char *reference, struct sch_dossier_row *row, sch_error *error)
{
    int code = sch_cli_connect(cli, error);
    if (code != SCH_OK || address_for(cli) != NULL)
        return code != SCH_OK ? code : sch_cli_dossier(cli, reference, row, error);
    size_t count = 0;
    const struct sch_address *mine = sch_mailboxes(cli->client, &count);
    sch_error last = SCH_ERROR_INIT;
    code = SCH_E_UNKNOWN_DOSSIER;
    for (size_t i = 0; i < count && code == SCH_E_UNKNOWN_DOSSIER; i++) {
        cli->acting = mine[i].text;
        code = sch_cli_dossier(cli, reference, row, &last);
    }
    if (code != SCH_OK)
        *error = last;
    return code;
}
