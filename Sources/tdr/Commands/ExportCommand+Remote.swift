import ArgumentParser
import Streams
import TDRClient
import TDRCore

extension ExportCommand {
    /// What the server decides cannot be said here.
    func validateRemote() throws {
        guard !abandon else {
            throw ValidationError("uploads that were cut off are given up where the store is: leave --server out")
        }
        guard ready || !references.isEmpty else { throw ValidationError("name the consignment to export") }
        let isPlain =
            allow.isEmpty && reason == nil && form == .tarGz && extras.isEmpty && bagInfo.isEmpty && profile == nil
            && !portableNames && !keepTimes && judgmentTo == nil && require == nil && refuseLike == nil && !s3.isUsed
            && algorithms == [.sha256] && bagitVersion == .rfc8493 && compressionLevel == 6 && jobs == nil
        guard isPlain else {
            throw ValidationError("through a server the bag is as serve-api is told: references and --to, nothing more")
        }
        if let to, ExportRequest.isInS3(to.path) {
            throw ValidationError("through a server --to is a folder of this machine")
        }
    }

    func exportThrough(_ client: APIClient, _ context: CommandContext) async throws -> Outcome {
        var worst: Int32 = 0
        let wanted =
            ready ? try await RemoteAdministration(client).readiness().ready.map(\.description) : references
        for reference in wanted {
            do {
                try await exportThrough(RemoteExport(client), reference, context)
            } catch let error as ClientError {
                // As without a server: one that fails does not keep the others from being exported.
                guard case .answered(let message, let code) = error else { throw error }
                let isNotReady = code == "INVALID_CONSIGNMENT_STATE"
                let ended = isNotReady ? Outcome.findings.rawValue : ExitCodes.code(for: error)
                context.messages.error(
                    "cannot export \(reference): \(isNotReady ? message : "\(error)")", code: ended)
                worst = ExportCommand.worse(worst, ended)
            }
        }
        if worst != 0 { throw ExitCode(worst) }
        return .done
    }

    private func exportThrough(_ server: RemoteExport, _ reference: String, _ context: CommandContext) async throws {
        let bag = try await server.export(reference)
        var place = Array(bag.location.utf8)
        var digest: SHA256Digest?
        var wasThere = bag.wasThere
        if let to {
            let fetched = try await server.fetch(bag, into: to.path)
            (place, digest, wasThere) = (fetched.place.bytes, fetched.sha256, fetched.wasThere)
        }
        if context.json {
            try context.output.json(
                ExportOutput(bag, location: displayName(of: place), sha256: digest, wasThere: wasThere))
        } else {
            context.output.write(place + [UInt8(ascii: "\n")])
        }
        context.messages.note(
            (wasThere ? "the same bag was there already: " : "exported ")
                + "\(reference): \(Text.count(bag.report.files, "file")), \(Text.size(Int64(bag.report.bytes)))"
                + (digest.map { ", SHA-256 \($0)" } ?? ""))
    }
}
