function __tdr_should_offer_completions_for_flags_or_options -a expected_commands
    set -l non_repeating_flags_or_options $argv[2..]
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __tdr_parse_tokens
    test "$commands" = "$expected_commands"; and return $non_repeating_flags_or_options_absent
end

function __tdr_should_offer_completions_for_positional -a expected_commands positional_index_comparison expected_positional_index
    set -l non_repeating_flags_or_options
    set -l non_repeating_flags_or_options_absent 0
    set -l positional_index 0
    set -l commands
    __tdr_parse_tokens
    test "$commands" = "$expected_commands" -a \( "$positional_index" "$positional_index_comparison" "$expected_positional_index" \)
end

function __tdr_parse_tokens -S
    set -l unparsed_tokens (__tdr_tokens -pc)
    switch $unparsed_tokens[1]
    case 'tdr'
        __tdr_parse_subcommand 0 'version' 'h/help'
        switch $unparsed_tokens[1]
        case 'upload'
            __tdr_parse_subcommand 1 'series=' 'body=' 'body-code=' 'links=' 'in-place' 'include-top-level-folder' 'dry-run' 'resume=' 'new' 'contact-name=' 'contact-email=' 'j/jobs=' 'store=' 'json' 'q/quiet' 'version' 'h/help'
        case 'check'
            __tdr_parse_subcommand -r 1 'only=' 'file=' 'again' 'antivirus=' 'clamd=' 'clamd-max-size=' 'yara-rules=+' 'oversize=' 'file-timeout=' 'max-database-age=' 'require-fresh-antivirus' 'j/jobs=' 'format-policy=' 'no-second-opinion' 'watch' 'pending' 'csv' 'html=' 'links=' 'signature-file=' 'container-file=' 'signatures=' 'store=' 'json' 'q/quiet' 'version' 'h/help'
        case 'status'
            __tdr_parse_subcommand 1 'files' 'failed' 'csv' 'watch' 'store=' 'json' 'q/quiet' 'version' 'h/help'
        case 'export'
            __tdr_parse_subcommand -r 1 'to=' 'form=' 'compression-level=' 'j/jobs=' 'keep-times' 'bagit-version=' 'algorithm=' 'profile=' 'bag-info=+' 'allow=' 'reason=' 'endpoint=' 'region=' 'aws-profile=' 'path-style' 'virtual-host-style' 'storage-class=' 'tag=+' 'read-back' 'store=' 'json' 'q/quiet' 'version' 'h/help'
        case 'verify'
            __tdr_parse_subcommand -r 1 'j/jobs=' 'profile=' 'store=' 'json' 'q/quiet' 'version' 'h/help'
        case 'identify'
            __tdr_parse_subcommand -r 1 'csv' 'droid-csv' 'siegfried-yaml' 'siegfried-json' 'siegfried-csv' 'hash=' 'magic' 'z/archives' 'explain' 'name=' 'signature-file=' 'container-file=' 'signatures=' 'j/jobs=' 'store=' 'json' 'q/quiet' 'version' 'h/help'
        case 'quarantine'
            __tdr_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'list'
                __tdr_parse_subcommand 1 'store=' 'json' 'q/quiet' 'version' 'h/help'
            case 'release'
                __tdr_parse_subcommand 2 'reason=' 'store=' 'json' 'q/quiet' 'version' 'h/help'
            case 'purge'
                __tdr_parse_subcommand 2 'reason=' 'store=' 'json' 'q/quiet' 'version' 'h/help'
            end
        case 'signatures'
            __tdr_parse_subcommand 0 'version' 'h/help'
            switch $unparsed_tokens[1]
            case 'show'
                __tdr_parse_subcommand 0 'store=' 'json' 'q/quiet' 'version' 'h/help'
            case 'import'
                __tdr_parse_subcommand -r 1 'store=' 'json' 'q/quiet' 'version' 'h/help'
            case 'use'
                __tdr_parse_subcommand 1 'store=' 'json' 'q/quiet' 'version' 'h/help'
            case 'update'
                __tdr_parse_subcommand 0 'from=' 'store=' 'json' 'q/quiet' 'version' 'h/help'
            end
        case 'doctor'
            __tdr_parse_subcommand 0 'target=' 'max-signature-age=' 'antivirus=' 'clamd=' 'clamd-max-size=' 'yara-rules=+' 'oversize=' 'file-timeout=' 'max-database-age=' 'require-fresh-antivirus' 'store=' 'json' 'q/quiet' 'version' 'h/help'
        case 'help'
            __tdr_parse_subcommand -r 1 'version'
        end
    end
end

function __tdr_tokens
    if test (string split -m 1 -f 1 -- . "$FISH_VERSION") -gt 3
        commandline --tokens-raw $argv
    else
        commandline -o $argv
    end
end

function __tdr_parse_subcommand -S -a positional_count
    argparse -s r -- $argv
    set -l option_specs $argv[2..]
    set -l is_repeating_positional $_flag_r
    set -el _flag_r
    set -a commands $unparsed_tokens[1]
    set positional_index 0
    while true
        set -e unparsed_tokens[1]
        argparse -sn "$commands" $option_specs -- $unparsed_tokens 2> /dev/null
        set unparsed_tokens $argv
        set positional_index (math $positional_index + 1)
        for non_repeating_flag_or_option in $non_repeating_flags_or_options
            if set -ql "_flag_$(string replace -a - _ -- $non_repeating_flag_or_option)"
                set non_repeating_flags_or_options_absent 1
                break
            end
        end
        test (count $unparsed_tokens) -eq 0 -o \( -z "$is_repeating_positional" -a "$positional_index" -gt "$positional_count" \) && break
    end
end

function __tdr_complete_directories
    set -l token (commandline -t)
    string match -- '*/' $token
    set -l subdirs $token*/
    printf %s\n $subdirs
end

function __tdr_custom_completion
    set -x SAP_SHELL fish
    set -x SAP_SHELL_VERSION $FISH_VERSION
    set -l tokens (__tdr_tokens -p)
    if test -z "$(__tdr_tokens -t)"
        set -l index (count (__tdr_tokens -pc))
        set tokens $tokens[..$index] \'\' $tokens[(math $index + 1)..]
    end
    command $tokens[1] $argv $tokens
end

complete -c 'tdr' -f
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'upload' -d 'Take a folder of records into a new consignment.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'check' -d 'Make the antivirus, checksum and format checks of a consignment, or of a folder where it lies.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'status' -d 'Show consignments, their files, what failed and what to do.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'export' -d 'Write checked consignments as BagIt bags.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'verify' -d 'Verify BagIt bags, whoever made them: a folder, tar, tar.gz, tar.zst or zip.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'identify' -d 'Say what format every file has, by PRONOM\'s signatures.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'quarantine' -d 'List the files that an antivirus engine found something in; release or purge them.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'signatures' -d 'Show which PRONOM signatures are in use; import, update or go back.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'doctor' -d 'Look at everything a transfer rests on, and say what mends what is amiss.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr" -eq 1' -fa 'help' -d 'Show subcommand help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" series' -l 'series' -d 'The series\' code; made when new.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" body' -l 'body' -d 'The transferring body\'s name; made when new.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" body-code' -l 'body-code' -d 'The code of a body made now, as in TDR-CRAN. Default: from its initials.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" links' -l 'links' -d 'Symbolic links and special files: refuse the upload, skip them, or follow links inside the folder.' -rfka 'refuse skip follow'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" in-place' -l 'in-place' -d 'Record the files where they lie, without copying them.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" include-top-level-folder' -l 'include-top-level-folder' -d 'Show the folder\'s own name in the catalogue.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" dry-run' -l 'dry-run' -d 'Say what would happen; change nothing.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" resume' -l 'resume' -d 'Go on with this upload.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" new' -l 'new' -d 'Begin anew even where an upload of the same folder was interrupted.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" contact-name' -l 'contact-name' -d 'Who transfers: first and last name. Default: $TDR_CONTACT_NAME, else the account\'s.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" contact-email' -l 'contact-email' -d 'Who transfers: e-mail. Default: $TDR_CONTACT_EMAIL, else account@host.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" j jobs' -l 'jobs' -s 'j' -d 'Files read at once. Default: the number of cores.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr upload" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" only' -l 'only' -d 'Only these checks, separated by commas: checksum, format, antivirus.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" file' -l 'file' -d 'Only this file, by its path as tdr status --files shows it.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" again' -l 'again' -d 'Check files that have a result already, too.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" antivirus' -l 'antivirus' -d 'The engines, separated by commas: clamd, yara; or none. Each must say clean. Default: $TDR_ANTIVIRUS, else clamd where it usually listens, and yara when --yara-rules is given.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" clamd' -l 'clamd' -d 'Where clamd is: its socket, its clamd.conf, or HOST:PORT. Default: $TDR_CLAMD, else the usual places.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" clamd-max-size' -l 'clamd-max-size' -d 'The largest file that clamd looks at, as in 2000M, when its configuration cannot be read.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check"' -l 'yara-rules' -d 'YARA rules beside those that tdr brings: a file, or a folder of .yar and .yara files. May be repeated.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" oversize' -l 'oversize' -d 'What becomes of a file larger than clamd looks at: fail, or windows (scanned in pieces that overlap, which is recorded).' -rfka 'fail windows'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" file-timeout' -l 'file-timeout' -d 'How long an engine may take for one file, seconds.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" max-database-age' -l 'max-database-age' -d 'Warn of a database that is older, days.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" require-fresh-antivirus' -l 'require-fresh-antivirus' -d 'Refuse to check with a database that is older or does not say how old it is.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" j jobs' -l 'jobs' -s 'j' -d 'Files checked at once. Default: the number of cores.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" format-policy' -l 'format-policy' -d 'Which formats are refused: a JSON file instead of the built-in list. Default: $TDR_FORMAT_POLICY.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" no-second-opinion' -l 'no-second-opinion' -d 'Do not ask libmagic beside PRONOM: faster, above all with many texts.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" watch' -l 'watch' -d 'Go on, and check each consignment by itself when its upload is complete.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" pending' -l 'pending' -d 'Check every consignment whose upload is complete and whose checks have not been made, then end.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" csv' -l 'csv' -d 'Answer as CSV, one row for each entry.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" html' -l 'html' -d 'Write the report as one HTML page into this file, which must not lie in the folder; - is stdout.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" links' -l 'links' -d 'Symbolic links and special files, as at upload: refuse (each is a finding), skip, or follow. Default: refuse.' -rfka 'refuse skip follow'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" signature-file' -l 'signature-file' -d 'Identify by this binary signature file (DROID_SignatureFile_V….xml), or by a compiled one.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" container-file' -l 'container-file' -d 'The container signature file (container-signature-….xml) that goes with --signature-file.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" signatures' -l 'signatures' -d 'Identify by imported signatures of this version; see tdr signatures.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr check" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr status" files' -l 'files' -d 'List the files.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr status" failed' -l 'failed' -d 'List only the files with findings.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr status" csv' -l 'csv' -d 'Answer as CSV.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr status" watch' -l 'watch' -d 'Show again every second, until interrupted.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr status" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr status" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr status" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr status" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr status" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" to' -l 'to' -d 'The folder to write into, which must be there, or s3://bucket/prefix.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" form' -l 'form' -d 'The shape of the bag.' -rfka 'folder tar tar.gz tar.zst zip'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" compression-level' -l 'compression-level' -d 'Effort of compression, 0 (none) to 9. What does not shrink is stored as it is.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" j jobs' -l 'jobs' -s 'j' -d 'Threads that compress. Default: the number of cores.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" keep-times' -l 'keep-times' -d 'Give the records in the bag their own modification times.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" bagit-version' -l 'bagit-version' -d 'The version of BagIt: 1.0 or 0.97.' -rfka '0.97 1.0'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" algorithm' -l 'algorithm' -d 'Digests of the manifests, separated by commas: sha256, or sha256,sha512.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" profile' -l 'profile' -d 'A BagIt profile (JSON) that the bag must follow; what it requires is written or refused beforehand.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export"' -l 'bag-info' -d 'One more element for bag-info.txt; can be repeated.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" allow' -l 'allow' -d 'Export in spite of these findings, separated by commas.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" reason' -l 'reason' -d 'Why they are allowed.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" endpoint' -l 'endpoint' -d 'The server, https:// unless it says http://. Default: $AWS_ENDPOINT_URL_S3, the profile, else AWS.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" region' -l 'region' -d 'The region. Default: $AWS_REGION, the profile, else us-east-1.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" aws-profile' -l 'aws-profile' -d 'The profile with the keys. Default: $AWS_PROFILE, else default.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" path-style' -l 'path-style' -d 'Name the bucket in the path; the default with --endpoint.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" virtual-host-style' -l 'virtual-host-style' -d 'Name the bucket in the host; the default with AWS.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" storage-class' -l 'storage-class' -d 'The storage class of the objects.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export"' -l 'tag' -d 'A tag of the objects; may be given again.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" read-back' -l 'read-back' -d 'Read the finished archive back from S3 and compare its SHA-256.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr export" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr verify" j jobs' -l 'jobs' -s 'j' -d 'Files read at once. Default: the number of cores.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr verify" profile' -l 'profile' -d 'A BagIt profile (JSON) that the bags must follow too; what they lack is rule P1 to P12.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr verify" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr verify" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr verify" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr verify" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr verify" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" csv' -l 'csv' -d 'Answer as CSV, one row a file.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" droid-csv' -l 'droid-csv' -d 'Answer as CSV with the columns of DROID\'s export.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" siegfried-yaml' -l 'siegfried-yaml' -d 'Answer as siegfried does: YAML.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" siegfried-json' -l 'siegfried-json' -d 'Answer as siegfried does: one JSON document.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" siegfried-csv' -l 'siegfried-csv' -d 'Answer as siegfried does: CSV.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" hash' -l 'hash' -d 'Digests to compute in the same read, separated by commas.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" magic' -l 'magic' -d 'Ask libmagic, too: its MIME type and description as a second opinion.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" archives z' -l 'archives' -s 'z' -d 'Look into ZIP, tar and gzip files.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" explain' -l 'explain' -d 'Tell which signatures matched where, and which were outranked.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" name' -l 'name' -d 'The name of the standard input, for its extension.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" signature-file' -l 'signature-file' -d 'Identify by this binary signature file (DROID_SignatureFile_V….xml), or by a compiled one.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" container-file' -l 'container-file' -d 'The container signature file (container-signature-….xml) that goes with --signature-file.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" signatures' -l 'signatures' -d 'Identify by imported signatures of this version; see tdr signatures.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" j jobs' -l 'jobs' -s 'j' -d 'Files read at once. Default: the number of cores.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr identify" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr quarantine" -eq 1' -fa 'list' -d 'List the files that are or were in quarantine.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr quarantine" -eq 1' -fa 'release' -d 'Put a file back among the objects, to be checked again.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr quarantine" -eq 1' -fa 'purge' -d 'Destroy the bytes of a file in quarantine; its history stays.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine list" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine list" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine list" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine list" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine list" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine release" reason' -l 'reason' -d 'Why; recorded.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine release" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine release" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine release" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine release" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine release" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine purge" reason' -l 'reason' -d 'Why; recorded.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine purge" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine purge" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine purge" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine purge" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr quarantine purge" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr signatures" -eq 1' -fa 'show' -d 'Show the signatures in use, those that are kept, and what was checked with others.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr signatures" -eq 1' -fa 'import' -d 'Import signature files and use them from now on.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr signatures" -eq 1' -fa 'use' -d 'Use other signatures that are kept, or those of the program.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_positional "tdr signatures" -eq 1' -fa 'update' -d 'Fetch the newest signatures from The National Archives and use them.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures show" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures show" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures show" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures show" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures show" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures import" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures import" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures import" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures import" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures import" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures use" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures use" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures use" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures use" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures use" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures update" from' -l 'from' -d 'Another page, or list of a folder, that names signature files: https:, file:///, or http: on this machine.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures update" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures update" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures update" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures update" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr signatures update" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" target' -l 'target' -d 'Look at this folder for exports, too.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" max-signature-age' -l 'max-signature-age' -d 'Warn of PRONOM signatures that are older, days.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" antivirus' -l 'antivirus' -d 'The engines, separated by commas: clamd, yara; or none. Each must say clean. Default: $TDR_ANTIVIRUS, else clamd where it usually listens, and yara when --yara-rules is given.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" clamd' -l 'clamd' -d 'Where clamd is: its socket, its clamd.conf, or HOST:PORT. Default: $TDR_CLAMD, else the usual places.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" clamd-max-size' -l 'clamd-max-size' -d 'The largest file that clamd looks at, as in 2000M, when its configuration cannot be read.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor"' -l 'yara-rules' -d 'YARA rules beside those that tdr brings: a file, or a folder of .yar and .yara files. May be repeated.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" oversize' -l 'oversize' -d 'What becomes of a file larger than clamd looks at: fail, or windows (scanned in pieces that overlap, which is recorded).' -rfka 'fail windows'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" file-timeout' -l 'file-timeout' -d 'How long an engine may take for one file, seconds.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" max-database-age' -l 'max-database-age' -d 'Warn of a database that is older, days.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" require-fresh-antivirus' -l 'require-fresh-antivirus' -d 'Refuse to check with a database that is older or does not say how old it is.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" store' -l 'store' -d 'The store\'s folder. Default: $TDR_STORE, else $XDG_DATA_HOME/tdr, else ~/.local/share/tdr.' -rfka ''
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" json' -l 'json' -d 'Answer as JSON on stdout; errors as JSON on stderr.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" q quiet' -l 'quiet' -s 'q' -d 'Say nothing on stderr but errors.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" version' -l 'version' -d 'Show the version.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr doctor" h help' -s 'h' -l 'help' -d 'Show help information.'
complete -c 'tdr' -n '__tdr_should_offer_completions_for_flags_or_options "tdr help" version' -l 'version' -d 'Show the version.'
