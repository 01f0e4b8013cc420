import Streams

extension S3Client {
    /// Calls `body` with the keys that begin with `prefix`, some hundreds at a time, in the server's order.
    ///
    /// - Throws: ``S3Failure``, what `body` throws.
    package func forEachPage(
        _ bucket: String, prefix: String, most: Int = 1000, _ body: ([String]) async throws -> Void
    ) async throws {
        let base = [("list-type", "2"), ("prefix", prefix), ("max-keys", "\(most)")]
        var query = base
        while true {
            let root = try await sendForXML("GET", bucket, nil, query: query, doing: "list")
            let keys = root.all("Contents").compactMap { $0.value("Key") }
            if let after = query.last(where: { $0.0 == "start-after" })?.1, let first = keys.first, first <= after {
                throw S3Failure(.other, doing: "list s3://\(bucket)", detail: "it lists the same keys again")
            }
            try await body(keys)
            // After a key, not after a token: what `body` removed shifts nothing. A page that is empty ends it.
            guard root.value("IsTruncated") == "true", let last = keys.last else { return }
            query = base + [("start-after", last)]
        }
    }

    /// - Throws: ``S3Failure`` when keys with this prefix cannot be listed.
    package func lookAt(_ bucket: String, prefix: String) async throws {
        _ = try await sendForXML(
            "GET", bucket, nil, query: [("list-type", "2"), ("prefix", prefix), ("max-keys", "1")], doing: "list")
    }

    /// Objects up to this size are copied with one request.
    private static let oneCopyBytes: Int64 = 1 << 30

    /// Copies an object within the server and proves its size and digests, as far as the server keeps some.
    ///
    /// - Returns: whether there was something to copy.
    /// - Throws: ``S3Failure``.
    package func copy(_ bucket: String, from source: String, to target: String) async throws -> Bool {
        guard let before = try await head(bucket, source) else { return false }
        let from = ("x-amz-copy-source", "/\(S3Encoding.path("\(bucket)/\(source)"))")
        if before.size <= S3Client.oneCopyBytes {
            // A copy that was made before is made again, which comes to the same.
            let root = try await sendForXML("PUT", bucket, target, headers: [from], doing: "copy an object to")
            try check(root, bucket, target)
        } else if try await head(bucket, target)?.size != before.size {
            try await copyInParts(bucket, from, before, to: target)
        }
        let after = try await head(bucket, target)
        // Digests of parts depend on where the parts end: only those of a whole can be compared.
        let keepsDigest = !(before.checksum ?? "-").contains("-") && !(after?.checksum ?? "-").contains("-")
        guard let after, after.size == before.size, !keepsDigest || after.checksum == before.checksum,
            !isMD5(before.etag) || !isMD5(after.etag) || before.etag == after.etag
        else {
            throw S3Failure(
                .corrupted, doing: "copy an object to s3://\(bucket)/\(target)",
                detail: "what the server has there is not what it copied")
        }
        return true
    }

    private func copyInParts(
        _ bucket: String, _ from: (String, String), _ before: ObjectFacts, to target: String
    ) async throws {
        // Copies that were cut off have no owner.
        for orphan in try await listUploads(bucket, key: target) {
            try await abortUpload(bucket, target, upload: orphan)
        }
        let id = try await createUpload(bucket, target, options: S3ObjectOptions())
        do {
            var parts: [(number: Int, etag: String, sha256: SHA256Digest?)] = []
            var offset: Int64 = 0
            while offset < before.size {
                let end = min(offset + S3Client.oneCopyBytes, before.size)
                let number = parts.count + 1
                let root = try await sendForXML(
                    "PUT", bucket, target, query: [("partNumber", "\(number)"), ("uploadId", id)],
                    headers: [
                        from, ("x-amz-copy-source-range", "bytes=\(offset)-\(end - 1)"),
                        ("x-amz-copy-source-if-match", "\"\(before.etag)\""),
                    ], doing: "copy part \(number) of an object to")
                try check(root, bucket, target)
                parts.append((number, plainETag(root.value("ETag") ?? ""), nil))
                offset = end
            }
            try await completeUpload(bucket, target, upload: id, parts: parts)
        } catch {
            // The next try finds by its key what cannot be given up now.
            try? await abortUpload(bucket, target, upload: id)
            throw error
        }
    }

    private func check(_ answer: XMLNode, _ bucket: String, _ key: String) throws {
        guard answer.value("ETag") != nil else {
            throw S3Failure(
                .other, doing: "copy an object to s3://\(bucket)/\(key)", detail: "the answer makes no sense")
        }
    }
}
