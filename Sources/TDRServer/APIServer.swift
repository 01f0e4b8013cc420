import GraphQL
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Streams
public import TDRCore
import UnixSignals

/// The archive's door for other programs: GraphQL and plain HTTP in front of the library, with checks and exports in
/// the background.
public struct APIServer: Sendable {
    private static let queryThreads = 8
    private static let uploadThreads = 16
    private static let checkNiceness: Int32 = 10
    /// What has not ended by then is cut off; whatever it is, it goes on at the next start.
    private static let graceSeconds = 30

    private let store: Store
    private let options: ServerOptions
    private let version: String
    private let clock: @Sendable () -> Timestamp
    private let signatures: @Sendable () throws -> Signatures

    /// A server of `store`.
    public init(
        store: Store, options: ServerOptions, version: String, clock: @escaping @Sendable () -> Timestamp,
        signatures: @escaping @Sendable () throws -> Signatures
    ) {
        self.store = store
        self.options = options
        self.version = version
        self.clock = clock
        self.signatures = signatures
    }

    /// Serves until SIGTERM or SIGINT; requests that are under way are answered then.
    ///
    /// - Parameter listening: is called with the address as soon as requests are taken.
    /// - Parameter settingUp: is called with the address at which the first administrator is made, when there is nobody.
    /// - Throws: ``ServerError``, ``StoreError``.
    public func run(
        listening: @escaping @Sendable (String) -> Void, settingUp: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        let isLoopback = ["localhost", "::1"].contains(options.host) || options.host.hasPrefix("127.")
        if options.tls == nil, !isLoopback { throw ServerError.needsTLS(options.host) }
        guard let lock = try ServingLock(store) else { throw ServerError.storeIsServed(store.directory) }
        defer { withExtendedLifetime(lock) {} }
        // Each thread would keep what it once needed in a heap of its own, up to eight for each core.
        limitHeaps(to: 2 * System.coreCount)
        try ReceivedFile.sweep(store)
        defer { LogWriter.stderr.flush() }
        var logger = Logger(label: "tdr") { _ in JSONLog() }
        logger.logLevel = .info
        let threads = BlockingExecutor(threads: APIServer.queryThreads)
        let uploadThreads = BlockingExecutor(threads: APIServer.uploadThreads)
        let passwordThread = BlockingExecutor(threads: 1)
        defer { for one in [threads, uploadThreads, passwordThread] { one.shutDown() } }

        let checkBell = Bell()
        let exportBell = Bell()
        let archive = Archive(
            store: store, threads: threads, uploadThreads: uploadThreads,
            book: try ReceiptBook(
                store: store, run: RunInfo(actor: "serve-api", command: "serve-api: files received", version: version)
            ) { _ in checkBell.ring() },
            version: version, canExport: (options.exportTarget ?? options.judgmentTarget) != nil,
            checkBell: checkBell, exportBell: exportBell, requirements: options.exportRequirements,
            sizes: options.sizes,
            formatPolicy: options.checks.policy, metadataSchema: options.metadataSchema, advice: options.advice)
        // Whoever asks is answered first, however many files wait.
        var checks = options.checks
        checks.niceness = APIServer.checkNiceness
        let setup = SetupLink(isOpen: try store.isWithoutUsers())
        let group = MultiThreadedEventLoopGroup.singleton
        let loops = try ServingLoops(group, store)
        let router = try await router(archive, loops, passwordThread, setup, logger)
        let scheme = options.tls == nil ? "http" : "https"
        var app = Application(
            router: router, server: try server(loops),
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port),
                availableConnectionsDelegate: MaximumAvailableConnections(options.limits.connections)),
            onServerRunning: { channel in
                let host = options.host.contains(":") ? "[\(options.host)]" : options.host
                let address = "\(scheme)://\(host):\(channel.localAddress?.port ?? options.port)"
                if let path = setup.path { settingUp(address + path) }
                listening(address)
            }, eventLoopGroupProvider: .shared(group), logger: logger)
        app.addServices(
            CheckService(archive: archive, request: checks, logger: logger, signatures: signatures),
            ExportService(archive: archive, options: options, logger: logger),
            NoticeService(archive: archive, settings: options.notices, started: clock(), logger: logger))
        var configuration = ServiceGroupConfiguration(
            services: [app], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(APIServer.graceSeconds)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            throw ServerError.cannotListen("\(options.host):\(options.port)", reason: "\(error)")
        }
        logger.info("stopped")
    }

    func router(
        _ archive: Archive, _ loops: ServingLoops, _ passwordThread: BlockingExecutor, _ setup: SetupLink,
        _ logger: Logger
    ) async throws -> Router<APIContext> {
        let provider = options.provider.map { TokenVerifier($0) }
        // Told at the start rather than with the first token.
        if let provider { _ = try await provider.keys.keys(named: nil) }
        let openID = options.openID.map { OpenIDProvider($0, clock: clock) }
        do {
            try await openID?.prepare()
        } catch let fault as OpenIDProvider.Fault {
            // It may come back; passwords and tokens do without it.
            logger.warning("\(fault)")
        }
        let router = Router(context: APIContext.self)
        router.add(
            middleware: RequestLog(
                metrics: archive.metrics, isOn: options.logsRequests, isSecure: options.tls != nil))
        let engine = try APISchema.engine()
        let plain = PlainRoutes(
            archive: archive, passwordThread: passwordThread, probe: HealthProbe(store), schema: engine.schema.sdl())
        plain.addOpen(to: router)
        let authenticator = Authenticator(
            store: store, loops: loops, threads: archive.threads, provider: provider, clock: clock)
        GraphQLRoute(archive: archive, engine: engine, limits: options.limits, loops: loops).add(
            to: router.group().add(middleware: authenticator))
        let known = router.group().add(middleware: authenticator).add(middleware: OnThreads(archive.threads))
        plain.add(to: known)
        FileRoutes(archive: archive).add(to: known)
        BundleRoute(archive: archive).add(to: known)
        ProgressEvents(archive: archive).add(to: known)
        BagRoute(archive: archive, options: options).add(to: known)
        RepairRoute(archive: archive).add(to: known)
        DocumentRoutes(archive: archive).add(to: known)
        MetadataRoutes(archive: archive, schema: options.metadataSchema).add(to: known)
        try Pages(
            archive: archive, passwordThread: passwordThread, setup: setup, openID: openID, clock: clock,
            options: options
        ).add(to: router.group().add(middleware: OnThreads(archive.threads)))
        return router
    }

    private func server(_ loops: ServingLoops) throws -> HTTPServerBuilder {
        let patience = TimeAmount.seconds(Int64(options.limits.idleSeconds))
        let share = LargeReadHandler.Share()
        let configuration = HTTP1Channel.Configuration(
            additionalChannelHandlers: [
                ContinueHandler(), PatienceHandler(patience: patience), LargeReadHandler(share),
            ],
            idleTimeout: patience,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 32 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100))
        let http = HTTPServerBuilder { responder in
            LoopChannel(base: HTTP1Channel(responder: responder, configuration: configuration), loops: loops)
        }
        guard let tls = options.tls else { return http }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate.display).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let key = try NIOSSLPrivateKey(file: tls.key.display, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            // Whether they belong together shows only here; later it would have no name.
            _ = try NIOSSLContext(configuration: configuration)
            return try .tls(http, tlsConfiguration: configuration)
        } catch {
            throw ServerError.badCertificate("\(error)")
        }
    }
}
