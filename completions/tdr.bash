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
    upload|check|status|export|verify|identify|quarantine|signatures|doctor|help)
        # Offer subcommand argument completions
        "_tdr_${subcommand}"
        ;;
    *)
        # Offer subcommand completions
        COMPREPLY+=($(compgen -W 'upload check status export verify identify quarantine signatures doctor help' -- "${cur}"))
        ;;
    esac
}

_tdr_upload() {
    repeating_flags=()
    non_repeating_flags=(--in-place --include-top-level-folder --dry-run --new --json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--series --body --body-code --links --resume --contact-name --contact-email --jobs -j --store)
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
    '--contact-name')
        return
        ;;
    '--contact-email')
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

_tdr_check() {
    repeating_flags=()
    non_repeating_flags=(--again --require-fresh-antivirus --no-second-opinion --watch --pending --csv --json --quiet -q --version -h --help)
    repeating_options=(--yara-rules)
    non_repeating_options=(--only --file --antivirus --clamd --clamd-max-size --oversize --file-timeout --max-database-age --jobs -j --format-policy --html --links --signature-file --container-file --signatures --store)
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
    non_repeating_flags=(--files --failed --csv --watch --json --quiet -q --version -h --help)
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

_tdr_export() {
    repeating_flags=()
    non_repeating_flags=(--keep-times --path-style --virtual-host-style --read-back --json --quiet -q --version -h --help)
    repeating_options=(--bag-info --tag)
    non_repeating_options=(--to --form --compression-level --jobs -j --bagit-version --algorithm --profile --allow --reason --endpoint --region --aws-profile --storage-class --store)
    __tdr_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--to')
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
    '--bag-info')
        return
        ;;
    '--allow')
        return
        ;;
    '--reason')
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
    '--store')
        return
        ;;
    esac
}

_tdr_verify() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--jobs -j --profile --store)
    __tdr_offer_flags_options -1

    # Offer option value completions
    case "${prev}" in
    '--jobs'|'-j')
        return
        ;;
    '--profile')
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
    non_repeating_options=(--store)
    __tdr_offer_flags_options 1

    # Offer option value completions
    case "${prev}" in
    '--store')
        return
        ;;
    esac
}

_tdr_quarantine_release() {
    repeating_flags=()
    non_repeating_flags=(--json --quiet -q --version -h --help)
    repeating_options=()
    non_repeating_options=(--reason --store)
    __tdr_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--reason')
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
    non_repeating_options=(--reason --store)
    __tdr_offer_flags_options 2

    # Offer option value completions
    case "${prev}" in
    '--reason')
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
