/// What clients of the original ask, in words of our own: its names of fields, arguments and types.
enum OriginalOperations {
    static let text = """
        query series($body: String!) { getSeries(body: $body) { seriesid bodyid name code description } }

        query consignment($id: UUID!, $page: PaginationInput) {
            getConsignment(consignmentid: $id, paginationInput: $page) {
                consignmentid userid seriesid createdDatetime transferInitiatedDatetime exportDatetime exportLocation
                consignmentType includeTopLevelFolder seriesName transferringBodyName transferringBodyTdrCode
                metadataSchemaLibraryVersion clientSideDraftMetadataFileName allChecksSucceeded totalClosedRecords
                totalFiles totalFileSize parentFolder parentFolderId consignmentReference
                paginatedFiles { totalItems edges { node { fileName } } }
            }
        }

        query progress($id: UUID!) {
            getConsignment(consignmentid: $id) {
                allChecksSucceeded totalFiles
                fileChecks {
                    antivirusProgress { filesProcessed } checksumProgress { filesProcessed }
                    ffidProgress { filesProcessed }
                }
                files { fileStatuses { fileId statusType statusValue } }
            }
        }

        query steps($id: UUID!) {
            getConsignment(consignmentid: $id) {
                consignmentStatuses {
                    consignmentStatusId consignmentId statusType value createdDatetime modifiedDatetime
                }
            }
        }

        query described($id: UUID!, $names: ConsignmentMetadataFilter) {
            getConsignment(consignmentid: $id) {
                consignmentMetadata(consignmentMetadataFiltersInput: $names) { propertyName value }
            }
        }

        query files($id: UUID!, $filters: FileFilters) {
            getConsignment(consignmentid: $id) {
                consignmentReference
                files(fileFiltersInput: $filters) {
                    fileId uploadMatchId fileType fileName fileReference parentId parentReference fileStatus
                    originalFilePath fileMetadata { name value }
                    metadata {
                        sha256ClientSideChecksum clientSideOriginalFilePath clientSideLastModifiedDate clientSideFileSize
                        rightsCopyright legalStatus heldBy language foiExemptionCode foiExemptionAsserted closureType
                        closurePeriod closureStartDate titleClosed descriptionClosed
                    }
                    fileStatuses { fileId statusType statusValue }
                    ffidMetadata {
                        fileId software softwareVersion binarySignatureFileVersion containerSignatureFileVersion method
                        datetime matches { extension identificationBasis puid fileExtensionMismatch formatName }
                    }
                    antivirusMetadata { fileId software softwareVersion databaseVersion result datetime }
                }
            }
        }

        query page($id: UUID!, $page: PaginationInput) {
            getConsignment(consignmentid: $id) {
                paginatedFiles(paginationInput: $page) {
                    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
                    edges { cursor node { fileId fileName fileType parentId fileMetadata { name value } } }
                    totalPages totalItems
                }
            }
        }

        query list($limit: Int!, $cursor: String, $page: Int, $filters: ConsignmentFilters, $order: ConsignmentOrderBy) {
            consignments(
                limit: $limit, currentCursor: $cursor, currentPage: $page, consignmentFiltersInput: $filters,
                orderBy: $order
            ) {
                edges { cursor node { consignmentid consignmentReference consignmentType totalFiles } }
                pageInfo { hasNextPage endCursor } totalPages totalItems
            }
        }

        query reviews($status: String) {
            getConsignmentReviewDetails(statusFilter: $status) {
                consignmentId consignmentReference reviewStatus transferringBodyName seriesName lastUpdated
            }
        }

        query waiting { getConsignmentsForMetadataReview { consignmentReference seriesName } }

        query log($id: UUID!) {
            getConsignment(consignmentid: $id) {
                metadataReviewLogs {
                    metadataReviewLogId consignmentId userId action eventTime metadataReviewNotes
                }
            }
        }

        query failures($input: GetFileCheckFailuresInput) {
            getFileCheckFailures(getFileCheckFailuresInput: $input) {
                fileId consignmentId consignmentType rankOverFilePath PUID userId statusType statusValue seriesName
                transferringBodyName antivirusResult extension identificationBasis extensionMismatch formatName checksum
                createdDateTime
            }
        }

        mutation begin($input: AddConsignmentInput!) {
            addConsignment(addConsignmentInput: $input) { consignmentid seriesid consignmentType }
        }

        mutation chooseSeries($input: UpdateConsignmentSeriesIdInput!) {
            updateConsignmentSeriesId(updateConsignmentSeriesId: $input)
        }

        mutation agree($input: AddTransferAgreementPrivateBetaInput!) {
            addTransferAgreementPrivateBeta(addTransferAgreementPrivateBetaInput: $input) {
                consignmentId allPublicRecords
            }
        }

        mutation signOff($input: AddTransferAgreementComplianceInput!) {
            addTransferAgreementCompliance(addTransferAgreementComplianceInput: $input) {
                consignmentId appraisalSelectionSignedOff sensitivityReviewSignedOff initialOpenRecords
            }
        }

        mutation describe($input: AddOrUpdateConsignmentMetadataInput!) {
            addOrUpdateConsignmentMetadata(addOrUpdateConsignmentMetadataInput: $input) {
                consignmentId propertyName value
            }
        }

        mutation upload($input: StartUploadInput!) { startUpload(startUploadInput: $input) }

        mutation declare($input: AddFileAndMetadataInput!) {
            addFilesAndMetadata(addFilesAndMetadataInput: $input) { fileId matchId }
        }

        mutation step($input: ConsignmentStatusInput!) {
            addConsignmentStatus(addConsignmentStatusInput: $input) {
                consignmentStatusId consignmentId statusType value createdDatetime modifiedDatetime
            }
        }

        mutation moveStep($input: ConsignmentStatusInput!) {
            updateConsignmentStatus(updateConsignmentStatusInput: $input)
        }

        mutation say($input: AddMultipleFileStatusesInput!) {
            addMultipleFileStatuses(addMultipleFileStatusesInput: $input) { fileId statusType statusValue }
        }

        mutation describeFiles($input: AddOrUpdateBulkFileMetadataInput!) {
            addOrUpdateBulkFileMetadata(addOrUpdateBulkFileMetadataInput: $input) { filePropertyName fileId value }
        }

        mutation scanned($input: AddAntivirusMetadataInput!) {
            addBulkAntivirusMetadata(addBulkAntivirusMetadataInput: $input) {
                fileId software softwareVersion databaseVersion result datetime
            }
        }

        mutation identified($input: FFIDMetadataInput!) {
            addBulkFFIDMetadata(addBulkFFIDMetadataInput: $input) {
                fileId software softwareVersion binarySignatureFileVersion containerSignatureFileVersion method datetime
                matches { extension identificationBasis puid }
            }
        }

        mutation summed($input: AddFileMetadataWithFileIdInput!) {
            addMultipleFileMetadata(addMultipleFileMetadataInput: $input) { filePropertyName fileId value }
        }

        mutation confirm($input: AddFinalTransferConfirmationInput!) {
            addFinalTransferConfirmation(addFinalTransferConfirmationInput: $input) {
                consignmentId legalCustodyTransferConfirmed
            }
        }

        mutation initiate($id: UUID!) { updateTransferInitiated(consignmentid: $id) }

        mutation exported($input: UpdateExportDataInput!) { updateExportData(exportData: $input) }

        mutation rename($input: UpdateParentFolderInput!) { updateParentFolder(updateParentFolderInput: $input) }

        mutation named($input: UpdateClientSideDraftMetadataFileNameInput!) {
            updateClientSideDraftMetadataFileName(updateClientSideDraftMetadataFileName: $input)
        }

        mutation versioned($input: UpdateMetadataSchemaLibraryVersionInput!) {
            updateConsignmentMetadataSchemaLibraryVersion(updateMetadataSchemaLibraryVersion: $input)
        }
        """
}
