// What waits for work, and what would otherwise have to be counted: kept by the database itself, in the transaction that
// changes it, whatever changes it.

extension Migrations {
    /// How many files of each consignment are closed to the public, beside its other counts.
    static let closedRecords = """
        CREATE TRIGGER fileMetadata_closed AFTER INSERT ON fileMetadata
            WHEN NEW.propertyName = 'ClosureType' AND NEW.value = 'Closed'
            BEGIN
                INSERT INTO tally SELECT consignmentId, 'Closed', '', 1 FROM file WHERE id = NEW.fileId
                    ON CONFLICT DO UPDATE SET count = count + 1;
            END;
        CREATE TRIGGER fileMetadata_opened AFTER DELETE ON fileMetadata
            WHEN OLD.propertyName = 'ClosureType' AND OLD.value = 'Closed'
            BEGIN
                UPDATE tally SET count = count - 1 WHERE statusType = 'Closed' AND value = ''
                    AND consignmentId = (SELECT consignmentId FROM file WHERE id = OLD.fileId);
            END;
        CREATE TRIGGER fileMetadata_turned AFTER UPDATE OF value ON fileMetadata
            WHEN NEW.propertyName = 'ClosureType' AND (NEW.value = 'Closed') <> (OLD.value = 'Closed')
            BEGIN
                INSERT INTO tally
                    SELECT consignmentId, 'Closed', '', iif(NEW.value = 'Closed', 1, -1) FROM file WHERE id = NEW.fileId
                    ON CONFLICT DO UPDATE SET count = count + excluded.count;
            END;
        INSERT INTO tally
            SELECT consignmentId, 'Closed', '', count(*) FROM fileMetadata JOIN file ON file.id = fileId
            WHERE propertyName = 'ClosureType' AND fileMetadata.value = 'Closed' GROUP BY consignmentId;
        """

    /// The consignments that somebody has to work on, so that whoever looks for them each second does not look through
    /// all that were ever transferred.
    static let waiting = """
        -- `isWaiting` says what waits: a complete upload for checks that were not made or were cut off, a judgment whose
        -- custody has passed for its export, a checked upload for an antivirus answer on some file: an engine was away, a
        -- file was let out of quarantine. Whether such an answer is wanted stands elsewhere. `waiting` has the same rows.
        CREATE VIEW isWaiting AS
            SELECT 'Check' AS work, consignmentId FROM consignmentStatus AS upload
                WHERE statusType = 'Upload' AND value IN ('Completed', 'CompletedWithIssues')
                    AND (SELECT count(*) FROM consignmentStatus AS made WHERE made.consignmentId = upload.consignmentId
                        AND made.statusType IN ('ServerChecksum', 'ServerFFID') AND made.value <> 'InProgress') < 2
                    AND NOT EXISTS (SELECT 1 FROM cancellation WHERE cancellation.consignmentId = upload.consignmentId)
            UNION ALL
            SELECT 'JudgmentExport', consignmentId FROM consignmentStatus AS confirmed
                WHERE statusType = 'ConfirmTransfer' AND value = 'Completed'
                    AND (SELECT type FROM consignment WHERE id = confirmed.consignmentId) = 'judgment'
                    AND NOT EXISTS (SELECT 1 FROM consignmentStatus AS export
                        WHERE export.consignmentId = confirmed.consignmentId AND export.statusType = 'Export')
                    AND NOT EXISTS (SELECT 1 FROM cancellation
                        WHERE cancellation.consignmentId = confirmed.consignmentId)
            UNION ALL
            SELECT 'Scan', consignmentId FROM consignmentStatus AS upload
                WHERE statusType = 'Upload' AND value IN ('Completed', 'CompletedWithIssues')
                    AND (SELECT count(*) FROM consignmentStatus AS made WHERE made.consignmentId = upload.consignmentId
                        AND made.statusType IN ('ServerChecksum', 'ServerFFID') AND made.value <> 'InProgress') = 2
                    AND NOT EXISTS (SELECT 1 FROM consignmentStatus AS scan
                        WHERE scan.consignmentId = upload.consignmentId AND scan.statusType = 'ServerAntivirus'
                            AND scan.value IN ('Completed', 'CompletedWithIssues'))
                    AND NOT EXISTS (SELECT 1 FROM consignmentStatus AS export
                        WHERE export.consignmentId = upload.consignmentId AND export.statusType = 'Export')
                    AND NOT EXISTS (SELECT 1 FROM cancellation WHERE cancellation.consignmentId = upload.consignmentId);
        CREATE TABLE waiting (
            work TEXT NOT NULL CHECK (work IN ('Check', 'JudgmentExport', 'Scan')),
            consignmentId INTEGER NOT NULL REFERENCES consignment (id),
            PRIMARY KEY (work, consignmentId)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX waiting_consignment ON waiting (consignmentId);
        INSERT INTO waiting SELECT * FROM isWaiting;
        """
        + ["consignmentStatus", "cancellation"].flatMap { table in
            [("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")].map { change, row in
                """

                CREATE TRIGGER waiting_\(table)_\(change) AFTER \(change) ON \(table) BEGIN
                    DELETE FROM waiting WHERE consignmentId = \(row).consignmentId;
                    INSERT INTO waiting SELECT * FROM isWaiting WHERE consignmentId = \(row).consignmentId;
                END;
                """
            }
        }.joined()
}
