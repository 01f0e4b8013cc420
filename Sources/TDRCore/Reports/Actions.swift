/// What each status that is not good means for the people who must act, in plain words.
public enum ProblemAdvice {
    /// One sentence on what is wrong and what to do.
    public static func text(_ type: FileStatusType, _ value: FileStatusValue) -> String {
        switch (type, value) {
        case (.upload, _): "could not be read at upload; mend it and run `tdr upload --resume`"
        case (.antivirus, .virusDetected):
            "contains malware; it is in quarantine and will not be exported. See `tdr quarantine`"
        case (.antivirus, _): "was not scanned, which is no pass; see the reason, then check again"
        case (.checksumMatch, .mismatch):
            "the stored bytes are not those that were uploaded; the disk or memory may be failing. Upload it again"
        case (.checksumMatch, _), (.serverChecksum, _):
            "the stored bytes could not be read; see the reason, check again"
        case (.ffid, .zeroByteFile): "is empty; leave it out, or allow it by name when exporting"
        case (.ffid, .unidentified): "has no format that is known and is not text; ask the archive, or allow it by name"
        case (.ffid, .multipleFormats): "matches several formats; ask the archive, or allow it by name"
        case (.ffid, .zip): "is an archive or container; unpack it and transfer what it holds"
        case (.ffid, .passwordProtected): "is protected by a password; remove the protection at the source"
        case (.ffid, .executable): "is a program; leave it out unless it is a record"
        case (.ffid, .shortcut): "is a shortcut to something else; transfer what it leads to"
        case (.ffid, .nonJudgmentFormat): "is not in a format that judgments may have"
        case (.ffid, .failed): "its format could not be determined; see the reason, then check again"
        case (.ffid, _): "is a file that a system or program keeps for itself; leave it out"
        case (.redaction, _): "is a redacted copy whose original is not clear; name it in the metadata"
        case (.clientChecks, _): "see its other statuses"
        case (.clientChecksum, _), (.clientFilePath, _): "arrived without its checksum or path; upload it again"
        }
    }
}
