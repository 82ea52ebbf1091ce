// A PostgreSQL server of one test, for the interop tests when ILPD_INTEROP_STORE says postgresql, and how its programs
// are run.
import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const START_LIMIT_MS = 60_000

/** Where initdb and postgres are: the newest of Debian's versions; else empty, for PATH. */
export function postgresPrograms() {
    const root = '/usr/lib/postgresql'
    const versions = existsSync(root) ? readdirSync(root).map(Number).filter(Boolean) : []
    return versions.length ? `${root}/${Math.max(...versions)}/bin/` : ''
}

/** The server refuses to run as root. */
const anotherUser = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups']
export const asPostgres = process.getuid() === 0 ? anotherUser : []

const command = (program, ...args) => [...asPostgres, postgresPrograms() + program, ...args]

export class PostgresServer {
    static async start() {
        const server = new PostgresServer()
        server.directory = await mkdtemp(join(tmpdir(), 'ilpd-pg-'))
        if (asPostgres.length) await run('chown', ['postgres:postgres', server.directory])
        const data = join(server.directory, 'data')
        const [first, ...rest] = command('initdb', '--pgdata', data, '--username=postgres', '--auth=trust',
            '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions')
        await run(first, rest)
        const [program, ...args] = command('postgres', '-D', data, '-k', server.directory, '-c', 'listen_addresses=',
            '-c', 'fsync=off', '-c', 'dynamic_shared_memory_type=mmap')
        server.child = spawn(program, args, { stdio: 'ignore' })
        server.exited = new Promise((done) => server.child.once('exit', done))
        const deadline = Date.now() + START_LIMIT_MS
        while (!(await server.#sql('postgres', 'SELECT 1').catch(() => false))) {
            if (server.child.exitCode !== null || Date.now() > deadline) throw new Error('PostgreSQL did not start')
            await pause(30)
        }
        return server
    }

    #sql(database, sql) {
        return run(`${postgresPrograms()}psql`, ['-X', '-h', this.directory, '-U', 'postgres', '-d', database, '-c', sql])
    }

    /** A new, empty database; its URL. */
    async database(name) {
        await this.#sql('postgres', `CREATE DATABASE "${name}"`)
        return `postgresql://postgres@/${name}?host=${this.directory}`
    }

    async stop() {
        this.child.kill('SIGINT')
        await this.exited
        await rm(this.directory, { recursive: true, force: true })
    }
}
