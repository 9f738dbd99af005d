/*
 * keygen.c: scharnier keygen: a key pair, and the lines that the region's directory needs about it.
 *
 * The secret never leaves its file; what is printed is public.
 */
#include "output.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "seal.h"

static const char *const uses[] = { "", "transport", "sign", "seal" };

static enum sch_key_use use_of(const char *word)
{
    for (int i = SCH_KEY_TRANSPORT; i <= SCH_KEY_SEAL; i++)
        if (strcmp(uses[i], word) == 0)
            return (enum sch_key_use)i;
    return 0;
}

int sch_cli_run_keygen(struct sch_cli *cli)
{
    sch_error error = SCH_ERROR_INIT;
    struct sch_key_pair pair = { 0 };
    char hex[65];
    const char *path = cli->operand[0];
    const char *word = sch_cli_option(cli, "use");
    enum sch_key_use use = word != NULL ? use_of(word) : 0;
    if (use == 0) {
        (void)sch_fail(&error, SCH_E_USAGE, "--use: transport, sign or seal%s%.40s",
                       word != NULL ? ", not " : "", word != NULL ? word : "");
        return sch_cli_fail(cli, &error);
    }
    int code = sch_key_pair_new(&pair, use);
    if (code != SCH_OK)
        (void)sch_fail(&error, (enum sch_error_code)code, "making a %s key", uses[use]);
    else
        code = sch_key_pair_save(&pair, path, &error);
    sodium_bin2hex(hex, sizeof hex, pair.public_key, sizeof pair.public_key);
    sodium_memzero(&pair, sizeof pair);
    if (code != SCH_OK)
        return sch_cli_fail(cli, &error);
    if (cli->json)
        return sch_json_print("key",
                              json_pack("{s:s,s:s,s:s}", "use", uses[use], "public", hex, "file", path))
                   ? 0
                   : 1;
    printf("%s\n", hex);
    if (use == SCH_KEY_SIGN)
        sch_cli_next(cli,
                     "give the region \"use = sign\", \"public = %.8s…\" and \"party = ADDRESS\" (%s.pub); "
                     "a "
                     "region's own key goes into every [region NAME] as key",
                     hex, path);
    else
        sch_cli_next(cli, "give the region \"use = %s\", \"public = %.8s…\" and \"%s = ADDRESS\" (%s.pub)",
                     uses[use], hex, use == SCH_KEY_TRANSPORT ? "acts_for" : "party", path);
    return 0;
}
