package import Streams

/// Where and as whom to ask, from what AWS's own tools read: the environment, then the files with profiles.
package struct AWSSettings: Sendable {
    package let credentials: S3Credentials
    package let region: String
    /// An endpoint to use instead of AWS's own.
    package let endpoint: String?
    /// `path` or `virtual` where the profile says so.
    package let addressing: String?

    /// Why the settings cannot be used.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameters:
    ///   - environment: The variables, as the program was given them.
    ///   - profile: A profile asked for by name; it comes before keys in the environment.
    ///   - read: The bytes of a file; nil when there is none.
    package init(
        environment: [String: String], profile: String? = nil, read: (BytePath) throws -> [UInt8]?
    ) throws {
        let environment = environment.filter { !$0.value.isEmpty }
        let name = profile ?? environment["AWS_PROFILE"] ?? "default"
        let home = environment["HOME"] ?? "/"
        func file(_ variable: String, _ usual: String) throws -> ProfileFile {
            let path = BytePath(environment[variable] ?? "\(home)/.aws/\(usual)")
            return try ProfileFile(read(path) ?? [])
        }
        let secrets = try file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
        let config = try file("AWS_CONFIG_FILE", "config")
        let own = (config.section(name == "default" ? "default" : "profile \(name)") ?? [:])
            .merging(secrets.section(name) ?? [:]) { $1 }
        if (profile ?? environment["AWS_PROFILE"]) != nil, own.isEmpty {
            throw Fault(
                description: "there is no AWS profile '\(displayName(of: Array(name.utf8)))': look at"
                    + " ~/.aws/credentials and ~/.aws/config")
        }
        func credentials(_ source: [String: String], _ names: [String]) -> S3Credentials? {
            guard let key = source[names[0]], let secret = source[names[1]] else { return nil }
            return S3Credentials(
                accessKey: key, secret: Secret(secret), sessionToken: source[names[2]].map { Secret($0) })
        }
        let byEnvironment = credentials(
            environment, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
        let byProfile = credentials(own, ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"])
        let found = profile == nil ? byEnvironment ?? byProfile : byProfile
        guard let found, AWSSettings.isHeaderSafe(found.accessKey), AWSSettings.isHeaderSafe(found.secret.reveal()),
            AWSSettings.isHeaderSafe(found.sessionToken?.reveal() ?? "")
        else {
            throw Fault(
                description: "there are no usable S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY,"
                    + " or name a profile of ~/.aws/credentials that has keys")
        }
        self.credentials = found
        region = environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] ?? own["region"] ?? "us-east-1"
        endpoint =
            environment["AWS_ENDPOINT_URL_S3"] ?? environment["AWS_ENDPOINT_URL"]
            ?? own["s3.endpoint_url"] ?? own["endpoint_url"]
        addressing = own["s3.addressing_style"] ?? own["addressing_style"]
    }

    private static func isHeaderSafe(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

/// Sections of `name = value` lines; lines with leading space belong to the name above them (`s3 =`).
struct ProfileFile {
    private var sections: [String: [String: String]] = [:]

    init(_ bytes: [UInt8]) throws {
        var section: String?
        var parent: String?
        for raw in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let line = trimmed(raw[...])
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                section = line.firstIndex(of: "]").map { end in
                    line[line.index(after: line.startIndex)..<end].split(whereSeparator: \.isWhitespace)
                        .joined(separator: " ")
                }
                parent = nil
                if let section, sections[section] == nil { sections[section] = [:] }
                continue
            }
            guard let section, let equals = line.firstIndex(of: "=") else { continue }
            var name = trimmed(line[..<equals]).lowercased()
            let value = String(trimmed(line[line.index(after: equals)...]))
            if raw.first?.isWhitespace ?? false, let parent {
                name = "\(parent).\(name)"
            } else {
                parent = value.isEmpty ? name : nil
            }
            sections[section]?[name] = value.isEmpty ? nil : value
        }
    }

    func section(_ name: String) -> [String: String]? { sections[name] }
}

private func trimmed(_ text: Substring) -> Substring {
    var text = text.drop(while: \.isWhitespace)
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return text
}
