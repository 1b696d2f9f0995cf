// Only declarations: what the generated code uses of kotlinx.serialization.modules.
package kotlinx.serialization.modules

import kotlin.reflect.KClass
import kotlinx.serialization.KSerializer

class SerializersModule

class SerializersModuleBuilder {
    fun <T : Any> contextual(kind: KClass<T>, serializer: KSerializer<T>): Unit = TODO()
}

fun SerializersModule(build: SerializersModuleBuilder.() -> Unit): SerializersModule = TODO()
