"""What Schemathesis is told of Sendry: which numbers exist, and what nobody may see.

SENDRY_FOREIGN: a word that only data of a client hold that the caller does not belong to. Empty: the caller may see all.
"""

import os

import schemathesis

FOREIGN = os.environ.get("SENDRY_FOREIGN", "")


def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """As they are drawn numbers exist nearly never. Here: one's own, somebody else's, and one that nobody has."""
    for name, value in (path_parameters or {}).items():
        if is_number(value):
            # Not the first user: the super admin would sign themselves out.
            path_parameters[name] = 2 + value % 4 if name == "userId" else 1 + value % 3
    return path_parameters


@schemathesis.hook
def map_query(context, query):
    """The same for the client that a report is asked of."""
    if query and is_number(query.get("client")):
        query["client"] = 1 + query["client"] % 3
    return query


@schemathesis.check
def no_data_of_another_client(ctx, response, case):
    assert not FOREIGN or FOREIGN not in response.text, "data of a client that the caller does not belong to"
