import ArgumentParser
import TDRCore

/// How to reach an S3 server.
struct S3AccessOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server, https:// unless it says http://. Default: $AWS_ENDPOINT_URL_S3, the profile, else AWS.",
            valueName: "url"))
    var endpoint: String?

    @Option(help: ArgumentHelp("The region. Default: $AWS_REGION, the profile, else us-east-1.", valueName: "name"))
    var region: String?

    @Option(
        name: .customLong("aws-profile"),
        help: ArgumentHelp("The profile with the keys. Default: $AWS_PROFILE, else default.", valueName: "name"))
    var profile: String?

    @Flag(help: "Name the bucket in the path; the default with --endpoint.")
    var pathStyle = false

    @Flag(help: "Name the bucket in the host; the default with AWS.")
    var virtualHostStyle = false

    var isUsed: Bool { endpoint != nil || region != nil || profile != nil || pathStyle || virtualHostStyle }

    func validate() throws {
        if pathStyle, virtualHostStyle {
            throw ValidationError("--path-style and --virtual-host-style contradict each other")
        }
        try S3AccessOptions.validateName(region)
    }

    static func validateName(_ text: String?) throws {
        guard let text else { return }
        if text.isEmpty || !text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }) {
            throw ValidationError("--region and --storage-class take a name without spaces")
        }
    }

    /// What the library gets; the environment with the keys goes with it.
    func options(_ environment: [String: String]) -> S3Options {
        var options = S3Options()
        options.endpoint = endpoint
        options.region = region
        options.profile = profile
        options.style = pathStyle ? .path : virtualHostStyle ? .virtualHost : nil
        options.environment = environment
        return options
    }
}

/// How to reach an S3 server, and how objects are to be kept there.
struct S3TargetOptions: ParsableArguments {
    @OptionGroup(title: "Targets in S3") var access: S3AccessOptions

    @Option(help: ArgumentHelp("The storage class of the objects.", valueName: "class"))
    var storageClass: String?

    @Option(help: ArgumentHelp("A tag of the objects; may be given again.", valueName: "k=v"))
    var tag: [String] = []

    @Flag(help: "Read the finished archive back from S3 and compare its SHA-256.")
    var readBack = false

    /// Whether anything says how objects are to be kept.
    var isWriting: Bool { storageClass != nil || !tag.isEmpty || readBack }
    var isUsed: Bool { access.isUsed || isWriting }

    func validate() throws {
        if tag.contains(where: { !$0.contains("=") || $0.hasPrefix("=") }) {
            throw ValidationError("--tag takes name=value")
        }
        if tag.count > 10 { throw ValidationError("S3 keeps 10 tags of an object, not \(tag.count)") }
        try S3AccessOptions.validateName(storageClass)
    }

    /// What the library gets; the environment with the keys goes with it.
    func options(_ environment: [String: String]) -> S3Options {
        var options = access.options(environment)
        options.storageClass = storageClass
        options.tags = tag.map { word in
            let pair = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(pair[0]), String(pair[1]))
        }
        options.readBack = readBack
        return options
    }
}
