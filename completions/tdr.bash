#!/bin/bash

__tdr_cursor_index_in_current_word() {
    local remaining="${COMP_LINE}"

    local word
    for word in "${COMP_WORDS[@]::COMP_CWORD}"; do
        remaining="${remaining##*([[:space:]])"${word}"*([[:space:]])}"
    done

    local -ir index="$((COMP_POINT - ${#COMP_LINE} + ${#remaining}))"
    if [[ "${index}" -le 0 ]]; then
        printf 0
    else
        printf %s "${index}"
    fi
}

# positional arguments:
#
# - 1: the current (sub)command's count of positional arguments
#
# required variables:
#
# - repeating_flags: the repeating flags that the current (sub)command can accept
# - non_repeating_flags: the non-repeating flags that the current (sub)command can accept
# - repeating_options: the repeating options that the current (sub)command can accept
# - non_repeating_options: the non-repeating options that the current (sub)command can accept
# - positional_number: value ignored
# - unparsed_words: unparsed words from the current command line
#
# modified variables:
#
# - non_repeating_flags: remove flags for this (sub)command that are already on the command line
# - non_repeating_options: remove options for this (sub)command that are already on the command line
# - positional_number: set to the current positional number
# - unparsed_words: remove all flags, options, and option values for this (sub)command
__tdr_offer_flags_options() {
    local -ir positional_count="${1}"
    positional_number=0

    local was_flag_option_terminator_seen=false
    local is_parsing_option_value=false

    local -ar unparsed_word_indices=("${!unparsed_words[@]}")
    local -i word_index
    for word_index in "${unparsed_word_indices[@]}"; do
        if "${is_parsing_option_value}"; then
            # This word is an option value:
            # Reset marker for next word iff not currently the last word
            [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]] && is_parsing_option_value=false
            unset "unparsed_words[${word_index}]"
            # Do not process this word as a flag or an option
            continue
        fi

        local word="${unparsed_words["${word_index}"]}"
        if ! "${was_flag_option_terminator_seen}"; then
            case "${word}" in
            --)
                unset "unparsed_words[${word_index}]"
                # by itself -- is a flag/option terminator, but if it is the last word, it is the start of a completion
                if [[ "${word_index}" -ne "${unparsed_word_indices[${#unparsed_word_indices[@]} - 1]}" ]]; then
                    was_flag_option_terminator_seen=true
                fi
                continue
                ;;
            -*)
                # ${word} is a flag or an option
                # If ${word} is an option, mark that the next word to be parsed is an option value
                local option
                for option in "${repeating_options[@]}" "${non_repeating_options[@]}"; do
                    [[ "${word}" = "${option}" ]] && is_parsing_option_value=true && break
                done

                # Remove ${word} from ${non_repeating_flags} or ${non_repeating_options} so it isn't offered again
                local not_found=true
                local -i index
                for index in "${!non_repeating_flags[@]}"; do
                    if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                        unset "non_repeating_flags[${index}]"
                        non_repeating_flags=("${non_repeating_flags[@]}")
                        not_found=false
                        break
                    fi
                done
                if "${not_found}"; then
                    for index in "${!non_repeating_flags[@]}"; do
                        if [[ "${non_repeating_flags[${index}]}" = "${word}" ]]; then
                            unset "non_repeating_flags[${index}]"
                            non_repeating_flags=("${non_repeating_flags[@]}")
                            break
                        fi
                    done
                fi
                unset "unparsed_words[${word_index}]"
                continue
                ;;
            esac
        fi

        # ${word} is neither a flag, nor an option, nor an option value
        if [[ "${positional_number}" -lt "${positional_count}" || "${positional_count}" -lt 0 ]]; then
            # ${word} is a positional
            ((positional_number++))
            unset "unparsed_words[${word_index}]"
        else
            if [[ -z "${word}" ]]; then
                # Could be completing a flag, option, or subcommand
                positional_number=-1
            else
                # ${word} is a subcommand or invalid, so stop processing this (sub)command
                positional_number=-2
            fi
            break
        fi
    done

    unparsed_words=("${unparsed_words[@]}")

    if\
        ! "${was_flag_option_terminator_seen}"\
        && ! "${is_parsing_option_value}"\
        && [[ ("${cur}" = -* && "${positional_number}" -ge 0) || "${positional_number}" -eq -1 ]]
    then
        COMPREPLY+=($(compgen -W "${repeating_flags[*]} ${non_repeating_flags[*]} ${repeating_options[*]} ${non_repeating_options[*]}" -- "${cur}"))
    fi
}

__tdr_add_completions() {
    local completion
    while IFS='' read -r completion; do
        COMPREPLY+=("${completion}")
    done < <(IFS=$'\n' compgen "${@}" -- "${cur}")
}

__tdr_custom_complete() {
    if [[ -n "${cur}" || -z ${COMP_WORDS[${COMP_CWORD}]} || "${COMP_LINE:${COMP_POINT}:1}" != ' ' ]]; then
        local -ar words=("${COMP_WORDS[@]}")
    else
        local -ar words=("${COMP_WORDS[@]::${COMP_CWORD}}" '' "${COMP_WORDS[@]:${COMP_CWORD}}")
    fi

    "${COMP_WORDS[0]}" "${@}" "${words[@]}"
}

_tdr() {
    local state
    state="$(shopt -p;shopt -po)"
    trap "${state//$'\n'/;}" RETURN
    shopt -s extglob
    set +o history +o posix

    local -xr SAP_SHELL=bash
    local -x SAP_SHELL_VERSION
    SAP_SHELL_VERSION="$(IFS='.';printf %s "${BASH_VERSINFO[*]}")"
    local -r SAP_SHELL_VERSION

    local -r cur="${2}"
    local -r prev="${3}"

    local -i positional_number
    local -a unparsed_words=("${COMP_WORDS[@]:1:${COMP_CWORD}}")

    local -a repeating_flags=()
    local -a non_repeating_flags=(--version -h --help)
    local -a repeating_options=()
    local -a non_repeating_options=()
    __tdr_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    upload|check|status|history|export|verify|identify|metadata|review|agreement|quarantine|withdraw|cancel|series|user|notices|signatures|serve-api|config|doctor|help)
        # Offer subcommand argument completions
        "_tdr_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'upload check status history export verify identify metadata review agreement quarantine withdraw cancel series user notices signatures serve-api config doctor help' -- "${cur}"))
        ;;
    esac
}

_tdr_upload() {
    repeating_flags=()
    non_repeating_flags=(--in-place --include-top-level-folder --confirm-when-clean --dry-run --new --strict --appraisal-signed-off --sensitivity-signed-off --open-records --no-neutral-citation --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--series --body --body-code --links --resume --replace --add --as --contact-name --contact-email --jobs -j --server --token --type --metadata --schema --legal-status --agreement --judgment-type --neutral-citation --judgment-reference --judgment-update --judgment-update-details --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--series')
        return
        ;;
    '--body')
        return
        ;;
    '--body-code')
        return
        ;;
    '--links')
        __tdr_add_completions -W 'refuse'$'\n''skip'$'\n''follow'
        return
        ;;
    '--resume')
        return
        ;;
    '--replace')
        return
        ;;
    '--add')
        return
        ;;
    '--as')
        return
        ;;
    '--contact-name')
        return
        ;;
    '--contact-email')
        return
        ;;
    '--jobs'|'-j')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--type')
        __tdr_add_completions -W 'standard'$'\n''judgment'
        return
        ;;
    '--metadata')
        return
        ;;
    '--schema')
        return
        ;;
    '--legal-status')
        return
        ;;
    '--agreement')
        return
        ;;
    '--judgment-type')
        __tdr_add_completions -W 'judgment'$'\n''press_summary'
        return
        ;;
    '--neutral-citation')
        return
        ;;
    '--judgment-reference')
        return
        ;;
    '--judgment-update')
        return
        ;;
    '--judgment-update-details')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_check() {
    repeating_flags=()
    non_repeating_flags=(--again --require-fresh-antivirus --no-second-opinion --watch --pending --csv --json --quiet -q --version -h --help)
    repeating_options=(--yara-rules)
    non_repeating_options=(--only --file --antivirus --clamd --clamd-max-size --oversize --file-timeout --max-database-age --jobs -j --consignments --format-policy --html --links --server --token --signature-file --container-file --signatures --store)
    __tdr_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--only')
        return
        ;;
    '--file')
        return
        ;;
    '--antivirus')
        return
        ;;
    '--clamd')
        return
        ;;
    '--clamd-max-size')
        return
        ;;
    '--yara-rules')
        return
        ;;
    '--oversize')
        __tdr_add_completions -W 'fail'$'\n''windows'
        return
        ;;
    '--file-timeout')
        return
        ;;
    '--max-database-age')
        return
        ;;
    '--jobs'|'-j')
        return
        ;;
    '--consignments')
        return
        ;;
    '--format-policy')
        return
        ;;
    '--html')
        return
        ;;
    '--links')
        __tdr_add_completions -W 'refuse'$'\n''skip'$'\n''follow'
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--signature-file')
        return
        ;;
    '--container-file')
        return
        ;;
    '--signatures')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_status() {
    repeating_flags=()
    non_repeating_flags=(--files --failed --ready --csv --duplicates --watch --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--report --output -o --advice --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--report')
        __tdr_add_completions -W 'csv'$'\n''xlsx'$'\n''html'
        return
        ;;
    '--output'|'-o')
        return
        ;;
    '--advice')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_history() {
    repeating_flags=()
    non_repeating_flags=(--csv --premis --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_export() {
    repeating_flags=()
    non_repeating_flags=(--ready --abandon --keep-times --portable-names --path-style --virtual-host-style --read-back --json --quiet -q --version -h --help)
    repeating_options=(--bag-info --tag)
    non_repeating_options=(--to --judgment-to --require --form --compression-level --jobs -j --bagit-version --algorithm --profile --with --allow --reason --refuse-like --endpoint --region --aws-profile --storage-class --server --token --store)
    __tdr_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--to')
        return
        ;;
    '--judgment-to')
        return
        ;;
    '--require')
        return
        ;;
    '--form')
        __tdr_add_completions -W 'folder'$'\n''tar'$'\n''tar.gz'$'\n''tar.zst'$'\n''zip'
        return
        ;;
    '--compression-level')
        return
        ;;
    '--jobs'|'-j')
        return
        ;;
    '--bagit-version')
        __tdr_add_completions -W '0.97'$'\n''1.0'
        return
        ;;
    '--algorithm')
        return
        ;;
    '--profile')
        return
        ;;
    '--with')
        return
        ;;
    '--bag-info')
        return
        ;;
    '--allow')
        return
        ;;
    '--reason')
        return
        ;;
    '--refuse-like')
        return
        ;;
    '--endpoint')
        return
        ;;
    '--region')
        return
        ;;
    '--aws-profile')
        return
        ;;
    '--storage-class')
        return
        ;;
    '--tag')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_verify() {
    repeating_flags=()
    non_repeating_flags=(--exports --path-style --virtual-host-style --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--older-than --retire --reason --jobs -j --profile --endpoint --region --aws-profile --store)
    __tdr_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--older-than')
        return
        ;;
    '--retire')
        return
        ;;
    '--reason')
        return
        ;;
    '--jobs'|'-j')
        return
        ;;
    '--profile')
        return
        ;;
    '--endpoint')
        return
        ;;
    '--region')
        return
        ;;
    '--aws-profile')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_identify() {
    repeating_flags=()
    non_repeating_flags=(--csv --droid-csv --siegfried-yaml --siegfried-json --siegfried-csv --magic --archives -z --explain --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--hash --name --signature-file --container-file --signatures --jobs -j --store)
    __tdr_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--hash')
        return
        ;;
    '--name')
        return
        ;;
    '--signature-file')
        return
        ;;
    '--container-file')
        return
        ;;
    '--signatures')
        return
        ;;
    '--jobs'|'-j')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_metadata() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __tdr_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    template|validate|apply|export)
        # Offer subcommand argument completions
        "_tdr_metadata_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'template validate apply export' -- "${cur}"))
        ;;
    esac
}

_tdr_metadata_template() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--schema --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--schema')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_metadata_validate() {
    repeating_flags=()
    non_repeating_flags=(--partial --csv --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--schema --server --token --store)
    __tdr_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--schema')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_metadata_apply() {
    repeating_flags=()
    non_repeating_flags=(--partial --csv --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--schema --server --token --store)
    __tdr_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--schema')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_metadata_export() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--schema --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--schema')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_review() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __tdr_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    request|approve|reject|log)
        # Offer subcommand argument completions
        "_tdr_review_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'request approve reject log' -- "${cur}"))
        ;;
    esac
}

_tdr_review_request() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--notes --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--notes')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_review_approve() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--notes --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--notes')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_review_reject() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--notes --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--notes')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_review_log() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_agreement() {
    repeating_flags=()
    non_repeating_flags=(--appraisal-signed-off --sensitivity-signed-off --open-records --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--legal-status --agreement --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--legal-status')
        return
        ;;
    '--agreement')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_quarantine() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __tdr_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|release|purge)
        # Offer subcommand argument completions
        "_tdr_quarantine_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list release purge' -- "${cur}"))
        ;;
    esac
}

_tdr_quarantine_list() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_quarantine_release() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --server --token --store)
    __tdr_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_quarantine_purge() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --server --token --store)
    __tdr_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_withdraw() {
    repeating_flags=()
    non_repeating_flags=(--purge --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --server --token --store)
    __tdr_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_cancel() {
    repeating_flags=()
    non_repeating_flags=(--purge --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--reason')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_series() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __tdr_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|add|import)
        # Offer subcommand argument completions
        "_tdr_series_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list add import' -- "${cur}"))
        ;;
    esac
}

_tdr_series_list() {
    repeating_flags=()
    non_repeating_flags=(--csv --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_series_add() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--body --body-code --name --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--body')
        return
        ;;
    '--body-code')
        return
        ;;
    '--name')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_series_import() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_user() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __tdr_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|add|disable|enable|password|token|revoke)
        # Offer subcommand argument completions
        "_tdr_user_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list add disable enable password token revoke' -- "${cur}"))
        ;;
    esac
}

_tdr_user_list() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_user_add() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--name --email --body --role --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--name')
        return
        ;;
    '--email')
        return
        ;;
    '--body')
        return
        ;;
    '--role')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_user_disable() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_user_enable() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_user_password() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_user_token() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--name --scope --expires --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--name')
        return
        ;;
    '--scope')
        return
        ;;
    '--expires')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_user_revoke() {
    repeating_flags=()
    non_repeating_flags=(--all --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--name --server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--name')
        return
        ;;
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_notices() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __tdr_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    list|send)
        # Offer subcommand argument completions
        "_tdr_notices_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'list send' -- "${cur}"))
        ;;
    esac
}

_tdr_notices_list() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--server --token --store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--server')
        return
        ;;
    '--token')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_notices_send() {
    repeating_flags=()
    non_repeating_flags=(--now --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--attempts --pause --store)
    __tdr_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--attempts')
        return
        ;;
    '--pause')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_signatures() {
    repeating_flags=()
    non_repeating_flags=(--version -h --help)
    repeating_options=()
    non_repeating_options=()
    __tdr_offer_flags_options 0

    # Offer subcommand / subcommand argument completions
    local -r subcommand="${unparsed_words[0]}"
    unset 'unparsed_words[0]'
    unparsed_words=("${unparsed_words[@]}")
    case "${subcommand}" in
    show|import|use|update)
        # Offer subcommand argument completions
        "_tdr_signatures_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'show import use update' -- "${cur}"))
        ;;
    esac
}

_tdr_signatures_show() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--store)
    __tdr_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--store')
        return
        ;;
    esac
}

_tdr_signatures_import() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--store)
    __tdr_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--store')
        return
        ;;
    esac
}

_tdr_signatures_use() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--store')
        return
        ;;
    esac
}

_tdr_signatures_update() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--from --store)
    __tdr_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--from')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_serve-api() {
    repeating_flags=()
    non_repeating_flags=(--path-style --virtual-host-style --read-back --require-fresh-antivirus --offer-bags --no-access-log --schema --json --quiet -q --version -h --help)
    repeating_options=(--tag --yara-rules)
    non_repeating_options=(--listen --tls-cert --tls-key --export-to --judgment-to --export-form --endpoint --region --aws-profile --storage-class --antivirus --clamd --clamd-max-size --oversize --file-timeout --max-database-age --jobs -j --consignments --format-policy --jwt-issuer --jwt-audience --jwt-keys --oidc-issuer --oidc-client --oidc-discovery --oidc-authorize --oidc-token --oidc-keys --public-url --page-texts --idle-seconds --request-seconds --max-file-bytes --max-consignment-bytes --store)
    __tdr_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--listen')
        return
        ;;
    '--tls-cert')
        return
        ;;
    '--tls-key')
        return
        ;;
    '--export-to')
        return
        ;;
    '--judgment-to')
        return
        ;;
    '--export-form')
        __tdr_add_completions -W 'folder'$'\n''tar'$'\n''tar.gz'$'\n''tar.zst'$'\n''zip'
        return
        ;;
    '--endpoint')
        return
        ;;
    '--region')
        return
        ;;
    '--aws-profile')
        return
        ;;
    '--storage-class')
        return
        ;;
    '--tag')
        return
        ;;
    '--antivirus')
        return
        ;;
    '--clamd')
        return
        ;;
    '--clamd-max-size')
        return
        ;;
    '--yara-rules')
        return
        ;;
    '--oversize')
        __tdr_add_completions -W 'fail'$'\n''windows'
        return
        ;;
    '--file-timeout')
        return
        ;;
    '--max-database-age')
        return
        ;;
    '--jobs'|'-j')
        return
        ;;
    '--consignments')
        return
        ;;
    '--format-policy')
        return
        ;;
    '--jwt-issuer')
        return
        ;;
    '--jwt-audience')
        return
        ;;
    '--jwt-keys')
        return
        ;;
    '--oidc-issuer')
        return
        ;;
    '--oidc-client')
        return
        ;;
    '--oidc-discovery')
        return
        ;;
    '--oidc-authorize')
        return
        ;;
    '--oidc-token')
        return
        ;;
    '--oidc-keys')
        return
        ;;
    '--public-url')
        return
        ;;
    '--page-texts')
        return
        ;;
    '--idle-seconds')
        return
        ;;
    '--request-seconds')
        return
        ;;
    '--max-file-bytes')
        return
        ;;
    '--max-consignment-bytes')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_config() {
    repeating_flags=()
    non_repeating_flags=(--path-style --virtual-host-style --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--objects --endpoint --region --aws-profile --store)
    __tdr_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--objects')
        return
        ;;
    '--endpoint')
        return
        ;;
    '--region')
        return
        ;;
    '--aws-profile')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_doctor() {
    repeating_flags=()
    non_repeating_flags=(--require-fresh-antivirus --json --quiet -q --version -h --help)
    repeating_options=(--yara-rules)
    non_repeating_options=(--target --max-signature-age --antivirus --clamd --clamd-max-size --oversize --file-timeout --max-database-age --store)
    __tdr_offer_flags_options 0

    # Offer option value completions
    case "${prev}" in
    '--target')
        return
        ;;
    '--max-signature-age')
        return
        ;;
    '--antivirus')
        return
        ;;
    '--clamd')
        return
        ;;
    '--clamd-max-size')
        return
        ;;
    '--yara-rules')
        return
        ;;
    '--oversize')
        __tdr_add_completions -W 'fail'$'\n''windows'
        return
        ;;
    '--file-timeout')
        return
        ;;
    '--max-database-age')
        return
        ;;
    '--store')
        return
        ;;
    esac
}

_tdr_help() {
    repeating_flags=()
    non_repeating_flags=(--version)
    repeating_options=()
    non_repeating_options=()
    __tdr_offer_flags_options -1
}

complete -o filenames -F _tdr tdr
