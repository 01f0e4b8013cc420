package import Streams

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

    /// Copies an object within the server and proves the copy by its size and by the server's digests; where it has none
    /// that can be compared, by reading both.
    ///
    /// - Parameter limit: Objects up to this size are copied with one request, larger ones in parts of this size; no part
    ///   but the last may have less than 5 MiB.
    /// - Returns: whether there was something to copy.
    /// - Throws: ``S3Failure``.
    package func copy(
        _ bucket: String, from source: String, to target: String, atOnce limit: Int64 = 1 << 30
    ) async throws -> Bool {
        guard let before = try await head(bucket, source) else { return false }
        let from = ("x-amz-copy-source", "/\(S3Encoding.path("\(bucket)/\(source)"))")
        var made: String?
        if before.size <= limit {
            // A copy that was made before is made again, which comes to the same.
            let root = try await sendForXML("PUT", bucket, target, headers: [from], doing: "copy an object to")
            _ = try etag(root, bucket, target)
        } else if try await head(bucket, target)?.size != before.size {
            made = try await copyInParts(bucket, from, before, to: target, atOnce: limit)
        }
        let after = try await head(bucket, target)
        var isSame = after.map { isCopy($0, of: before, made) } ?? false
        if isSame == nil { isSame = try await digestByReading(bucket, source) == digestByReading(bucket, target) }
        guard isSame == true else {
            throw S3Failure(
                .corrupted, doing: "copy an object to s3://\(bucket)/\(target)",
                detail: "what the server has there is not what it copied")
        }
        return true
    }

    /// Whether what the server says of two objects shows that they are the same; nil when it shows nothing.
    ///
    /// - Parameter made: The checksum that follows from those of the copy's parts, where the server gave them.
    private func isCopy(_ after: ObjectFacts, of before: ObjectFacts, _ made: String?) -> Bool? {
        if after.size != before.size { return false }
        if let made, let kept = after.checksum, !isChecksum(kept, of: made) { return false }
        // Digests of parts depend on where the parts end: only those of a whole can be compared.
        let whole = [before.checksum, after.checksum].compactMap { $0 }.filter { !$0.contains("-") }
        if whole.count == 2 { return whole[0] == whole[1] }
        // The same bytes encrypted once more have another ETag.
        if before.isEncryptedByKey || after.isEncryptedByKey { return nil }
        return isMD5(before.etag) && isMD5(after.etag) ? before.etag == after.etag : nil
    }

    /// The SHA-256 of an object by all its bytes.
    package func digestByReading(_ bucket: String, _ key: String) async throws -> SHA256Digest {
        try await retrying("read s3://\(bucket)/\(key)") {
            var hasher = SHA256Hasher()
            try await get(bucket, key) { hasher.update($0) }
            return hasher.finish()
        }
    }

    /// - Returns: the checksum of the parts together; nil when the server gave none of some part.
    private func copyInParts(
        _ bucket: String, _ from: (String, String), _ before: ObjectFacts, to target: String, atOnce limit: Int64
    ) async throws -> String? {
        // Copies that were cut off have no owner.
        for orphan in try await listUploads(bucket, key: target) {
            try await abortUpload(bucket, target, upload: orphan)
        }
        let id = try await createUpload(bucket, target, options: S3ObjectOptions())
        do {
            var parts: [(number: Int, etag: String, sha256: SHA256Digest?)] = []
            var offset: Int64 = 0
            while offset < before.size {
                let end = min(offset + limit, before.size)
                let number = parts.count + 1
                let root = try await sendForXML(
                    "PUT", bucket, target, query: [("partNumber", "\(number)"), ("uploadId", id)],
                    headers: [
                        from, ("x-amz-copy-source-range", "bytes=\(offset)-\(end - 1)"),
                        ("x-amz-copy-source-if-match", "\"\(before.etag)\""),
                    ], doing: "copy part \(number) of an object to")
                // Servers that keep digests want them back when the upload is completed.
                let digest = root.value("ChecksumSHA256").flatMap { sha256(base64: $0) }
                parts.append((number, try etag(root, bucket, target), digest))
                offset = end
            }
            try await completeUpload(bucket, target, upload: id, parts: parts)
            let digests = parts.compactMap(\.sha256)
            return digests.count == parts.count ? checksum(ofParts: digests) : nil
        } catch {
            // The next try finds by its key what cannot be given up now.
            try? await abortUpload(bucket, target, upload: id)
            throw error
        }
    }

    private func etag(_ answer: XMLNode, _ bucket: String, _ key: String) throws -> String {
        guard let etag = answer.value("ETag") else {
            throw S3Failure(
                .other, doing: "copy an object to s3://\(bucket)/\(key)", detail: "the answer makes no sense")
        }
        return plainETag(etag)
    }
}
