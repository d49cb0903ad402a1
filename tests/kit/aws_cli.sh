# shellcheck shell=bash
# aws_cli.sh - the AWS CLI of PyPI, installed in $KIT_CACHE/stores; sourced after kit.sh, never run.
. "$KIT_ROOT/tests/kit/packages.sh"

package_of()
{
    echo "pypi awscli==1.46.3"
}

# need_aws_cli SENTENCE: sets AWS_PYTHON to the Python of its environment. Without PyPI, prints the sentence as a
# skipped check and ends the program.
need_aws_cli()
{
    local reason
    reason=$(have awscli 2>&1) || {
        echo "ok - $1 # SKIP ${reason#*left out: }"
        exit 0
    }
    have awscli
    # shellcheck disable=SC2034 # for the caller
    AWS_PYTHON=${PROGRAM%/*}/python
}
