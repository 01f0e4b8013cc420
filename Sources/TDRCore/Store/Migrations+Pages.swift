// What the web pages list.

extension Migrations {
    /// What pages list: the files with one finding, and the reviews that wait.
    static let pages = """
        CREATE INDEX fileStatus_upload ON fileStatus (consignmentId, Upload, fileId) WHERE problem = 1;
        CREATE INDEX fileStatus_antivirus ON fileStatus (consignmentId, Antivirus, fileId) WHERE problem = 1;
        CREATE INDEX fileStatus_checksum ON fileStatus (consignmentId, ChecksumMatch, fileId) WHERE problem = 1;
        CREATE INDEX fileStatus_format ON fileStatus (consignmentId, FFID, fileId) WHERE problem = 1;
        CREATE INDEX fileStatus_redaction ON fileStatus (consignmentId, Redaction, fileId) WHERE problem = 1;
        CREATE INDEX consignmentStatus_review ON consignmentStatus (value, modified, consignmentId)
            WHERE statusType = 'MetadataReview';
        """
}
