// The manifests in deploy/kubernetes: valid, without unknown keys, and with settings that ilpd accepts.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { parse, parseAllDocuments } from 'yaml'
import { temporaryDirectory } from './support.mjs'

const require = createRequire(import.meta.url)
const FOLDER = new URL('../../deploy/kubernetes/', import.meta.url)
const SCHEMAS = {
    ConfigMap: 'IoK8sApiCoreV1ConfigMap',
    NetworkPolicy: 'IoK8sApiNetworkingV1NetworkPolicy',
    PodDisruptionBudget: 'IoK8sApiPolicyV1PodDisruptionBudget',
    Secret: 'IoK8sApiCoreV1Secret',
    Service: 'IoK8sApiCoreV1Service',
    StatefulSet: 'IoK8sApiAppsV1StatefulSet',
}

/** The objects of all manifests, by kind. YAML 1.1, as Kubernetes reads it: 0440 is octal. */
const objects = {}
for (const name of ['ilpd.yaml', 'secret.example.yaml', 'monitor.yaml']) {
    for (const document of parseAllDocuments(await readFile(new URL(name, FOLDER), 'utf8'), { version: '1.1' })) {
        assert.deepEqual(document.errors, [], name)
        const object = document.toJS()
        ;(objects[object.kind] ??= []).push(object)
    }
}
const [pods] = objects.StatefulSet
const template = pods.spec.template
const [container] = template.spec.containers
const [settings] = objects.ConfigMap.map((map) => map.data['ilpd.yaml'])

/** A view of `value` that notes in `seen` which keys are read: a validator reads those that its schema has. */
function watched(value, path, seen) {
    if (value === null || typeof value !== 'object') return value
    return new Proxy(value, {
        get(target, key) {
            if (typeof key === 'symbol' || !Object.hasOwn(target, key)) return Reflect.get(target, key)
            seen.add(`${path}/${key}`)
            return watched(target[key], `${path}/${key}`, seen)
        },
    })
}

function allKeys(value, path = '') {
    if (value === null || typeof value !== 'object') return []
    return Object.entries(value).flatMap(([key, inner]) => [`${path}/${key}`, ...allKeys(inner, `${path}/${key}`)])
}

/** What the schema of its kind finds wrong in an object: errors, and keys that it does not have. */
function faults(object) {
    const { validate } = require(`./node_modules/kubernetes-models/_schemas/${SCHEMAS[object.kind]}.js`)
    const seen = new Set()
    const valid = validate(watched(object, '', seen))
    return [...(valid ? [] : validate.errors), ...allKeys(object).filter((key) => !seen.has(key))]
}

test('every manifest is valid and has no unknown key', () => {
    for (const kind of Object.keys(SCHEMAS)) {
        assert.ok(objects[kind]?.length, `there is no ${kind}`)
        for (const object of objects[kind]) assert.deepEqual(faults(object), [], `${kind} ${object.metadata.name}`)
    }
    const broken = structuredClone(pods)
    broken.spec.template.spec.containers[0].livenesProbe = {}
    assert.deepEqual(faults(broken), ['/spec/template/spec/containers/0/livenesProbe'])
})

test('names and labels fit together', () => {
    const labels = template.metadata.labels
    const selects = (selector) => Object.entries(selector).every(([key, value]) => labels[key] === value)
    for (const service of objects.Service) {
        assert.ok(selects(service.spec.selector))
        for (const { targetPort } of service.spec.ports) assert.ok(container.ports.some(({ name }) => name === targetPort))
    }
    assert.ok(selects(pods.spec.selector.matchLabels))
    assert.ok(selects(objects.PodDisruptionBudget[0].spec.selector.matchLabels))
    assert.ok(selects(objects.NetworkPolicy[0].spec.podSelector.matchLabels))
    assert.ok(objects.Service.some(({ metadata }) => metadata.name === pods.spec.serviceName))
    const mounts = [...template.spec.volumes.map(({ name }) => name), ...pods.spec.volumeClaimTemplates.map(({ metadata }) => metadata.name)]
    assert.deepEqual(container.volumeMounts.map(({ name }) => name).sort(), mounts.sort())

    const [monitor] = objects.ServiceMonitor
    const scraped = objects.Service.filter(({ metadata }) =>
        Object.entries(monitor.spec.selector.matchLabels).every(([key, value]) => metadata.labels[key] === value))
    assert.deepEqual(scraped.map(({ spec }) => spec.ports.map(({ name }) => name)), [monitor.spec.endpoints.map(({ port }) => port)])
})

test('the pod is confined, and has time to finish its packets', () => {
    assert.equal(template.spec.securityContext.runAsNonRoot, true)
    assert.equal(template.spec.securityContext.seccompProfile.type, 'RuntimeDefault')
    assert.deepEqual(container.securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
    })
    assert.equal(template.spec.volumes.find(({ name }) => name === 'secrets').secret.defaultMode, 0o440)
    const { shutdown_grace: grace, max_hold_time: hold } = parse(settings).connector
    assert.ok(template.spec.terminationGracePeriodSeconds >= parseInt(grace) + parseInt(hold) + 30)
})

test('ilpd accepts the settings and the example of the secrets', async () => {
    const folder = await temporaryDirectory()
    try {
        await mkdir(join(folder, 'secrets'))
        for (const [name, value] of Object.entries(objects.Secret[0].stringData)) {
            await writeFile(join(folder, 'secrets', name), value, { mode: 0o600 })
        }
        const here = settings.replaceAll('/run/secrets/ilpd/', `${folder}/secrets/`)
        assert.notEqual(here, settings)
        await writeFile(join(folder, 'ilpd.yaml'), here, { mode: 0o600 })
        const { stdout } = await promisify(execFile)(process.env.ILPD, ['--config', join(folder, 'ilpd.yaml'), '--check-config'])
        for (const { containerPort } of container.ports) assert.match(stdout, new RegExp(`listen: .*0\\.0\\.0\\.0:${containerPort}`))
    } finally {
        await rm(folder, { recursive: true })
    }
})
