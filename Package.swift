// swift-tools-version: 6.1
import PackageDescription

/// The same rules for every room: Swift 6, explicit existentials, every import said where it is used.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "tdr",
    products: [
        .library(name: "TDRCore", targets: ["TDRCore"]),
        .executable(name: "tdr", targets: ["tdr"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // C: what the Debian libraries and the kernel offer that Swift cannot name by itself.
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(name: "CMagic", pkgConfig: "libmagic", providers: [.apt(["libmagic-dev"])]),
        .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "CShims"),
        // Byte shuffles of the processor, which Swift does not offer: the literal finder of Pronom.
        .target(name: "CProbe"),
        // libyara without its headers, which Swift cannot read.
        .systemLibrary(name: "CYaraLibrary", pkgConfig: "yara", providers: [.apt(["libyara-dev"])]),
        .target(name: "CYara", dependencies: ["CYaraLibrary"]),
        // The default signatures, embedded: mapped with the program, nothing to find or to parse.
        .target(
            name: "CSignatures", exclude: ["default.signatures", "default.yar", "format-policy.json", "advice.json"]),

        // What the web pages are made of, embedded: templates, texts, style, scripts.
        .target(name: "CPages", exclude: ["assets", "wasm"]),

        // Leaf: bytes, paths, digests, files, threads. Knows no domain.
        .target(
            name: "Streams",
            dependencies: ["CShims", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),

        // Rooms: one specification each; none says "consignment", none knows a sibling.
        .target(
            name: "Archives", dependencies: ["CArchive", "CDeflate", "CZlib", "CZstd", "Streams"],
            swiftSettings: settings),
        .target(name: "BagIt", dependencies: ["Streams"], swiftSettings: settings),
        .target(name: "GraphQL", dependencies: ["Streams"], swiftSettings: settings),
        // Comma-separated values, as they come from people.
        .target(name: "Delimited", dependencies: ["Streams"], swiftSettings: settings),
        .target(
            name: "Pronom", dependencies: ["CExpat", "CProbe", "CSignatures", "CZlib", "Streams"],
            swiftSettings: settings),

        .target(
            name: "S3",
            dependencies: [
                "Streams",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings),

        // Ways to hand a message over; nothing of what it says.
        .target(
            name: "Couriers",
            dependencies: [
                "Streams",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings),

        // The archive's vocabulary and its use cases.
        .target(
            name: "TDRCore",
            dependencies: [
                "Archives", "BagIt", "CMagic", "CSQLite", "CShims", "CSignatures", "CYara", "Couriers", "Delimited",
                "Pronom", "S3", "Streams",
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                // What GRDB itself is built on, for the one call that it does not offer.
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: settings),

        // The archive's door for other programs: HTTP and GraphQL in front of the same library.
        .target(
            name: "TDRServer",
            dependencies: [
                "CPages",
                "GraphQL", "Streams", "TDRCore",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),

        // Compiles signature files for the distribution: scripts/make-signatures.sh.
        .executableTarget(name: "pronom-compile", dependencies: ["Pronom", "Streams"], swiftSettings: settings),

        // Measures the engine by itself: Benchmarks/pronom.py.
        .executableTarget(
            name: "pronom-bench", dependencies: ["Pronom", "Streams"], path: "Benchmarks/pronom-bench",
            swiftSettings: settings),

        // The same door from the other side.
        .target(
            name: "TDRClient",
            dependencies: [
                "Streams", "TDRCore",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings),

        // The command line: parse, one library call, render.
        .executableTarget(
            name: "tdr",
            dependencies: [
                "CShims", "Streams", "TDRClient", "TDRCore", "TDRServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        .testTarget(name: "PronomTests", dependencies: ["Pronom", "Streams"], swiftSettings: settings),
        .testTarget(
            name: "DelimitedTests", dependencies: ["Delimited", "Streams", "TDRTestSupport"], swiftSettings: settings),
        .testTarget(name: "ArchivesTests", dependencies: ["Archives", "Streams"], swiftSettings: settings),
        .testTarget(
            name: "BagItTests", dependencies: ["Archives", "BagIt", "Streams", "TDRCore"], swiftSettings: settings),

        .testTarget(
            name: "GraphQLTests", dependencies: ["GraphQL", "Streams"], exclude: ["Oracle"], swiftSettings: settings),

        .testTarget(
            name: "S3Tests",
            dependencies: ["S3", "Streams", "TDRTestSupport"],
            exclude: ["botocore-signatures.py"], swiftSettings: settings),

        // Tests of the house, and what they share.
        .target(
            name: "TDRTestSupport",
            dependencies: ["CShims", "Streams", .product(name: "GRDB", package: "GRDB.swift")],
            path: "Tests/Support", exclude: ["s3-fault-server.py"], swiftSettings: settings),
        .testTarget(
            name: "StreamsTests", dependencies: ["CShims", "Streams", "TDRTestSupport"], swiftSettings: settings),
        .testTarget(
            name: "TDRCoreTests",
            dependencies: [
                "Archives", "BagIt", "CShims", "Streams", "TDRCore", "TDRTestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TDRTests", dependencies: ["Streams", "tdr", "TDRTestSupport"],
            exclude: [
                "administration.py", "browser.py", "browser_live.py", "browser_repair.py", "check-bag-xml.py",
                "failing-records.py",
                "gql-transfer.py", "notice-receiver.py", "openid_provider.py", "premis-subset.xsd",
                "sha256.mjs",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "TDRServerTests",
            dependencies: [
                "GraphQL", "Streams", "TDRCore", "TDRServer", "TDRTestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CouriersTests", dependencies: ["Couriers", "Streams", "TDRTestSupport"], swiftSettings: settings),
        .testTarget(name: "HouseTests", dependencies: ["TDRTestSupport"], swiftSettings: settings),
    ],
    // C23 for `#embed`.
    cLanguageStandard: .c2x
)
